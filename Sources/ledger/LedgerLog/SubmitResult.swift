public import Ledger

/// The ledger's answer to a transaction.
public struct SubmitResult: Sendable, Hashable {
    /// The entry that holds the transaction; for a refused one, the entry after which it was judged.
    public let sequence: UInt64
    public let outcome: Outcome

    public init(sequence: UInt64, outcome: Outcome) {
        self.sequence = sequence
        self.outcome = outcome
    }
}
