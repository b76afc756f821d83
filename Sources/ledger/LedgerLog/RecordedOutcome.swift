public import Ledger

/// What an entry of the log did with one of its transactions, or why a transaction got into no entry.
public struct RecordedOutcome: Sendable, Hashable {
    public let id: TransactionID
    /// The entry that holds it; for a refused one that no entry holds, the entry after which it was judged.
    public let sequence: UInt64
    public let outcome: Outcome

    public init(id: TransactionID, sequence: UInt64, outcome: Outcome) {
        self.id = id
        self.sequence = sequence
        self.outcome = outcome
    }
}
