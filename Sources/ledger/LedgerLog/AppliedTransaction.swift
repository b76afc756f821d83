public import Ledger

/// Where and how a transaction was applied.
public struct AppliedTransaction: Sendable, Hashable {
    public let id: TransactionID
    /// The entry that holds it.
    public let sequence: UInt64
    /// The release that it made, if it published one.
    public let release: ReleaseID?

    public init(id: TransactionID, sequence: UInt64, release: ReleaseID?) {
        self.id = id
        self.sequence = sequence
        self.release = release
    }
}
