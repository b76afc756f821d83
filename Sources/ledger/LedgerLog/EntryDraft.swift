import Identity
import Ledger

/// The next entry while it is put together: transactions are carried out as they come, each once.
struct EntryDraft {
    /// The state that the entry follows.
    let base: LedgerState
    /// The entry's time.
    let timeMilliseconds: Int64
    /// Whether it is written without transactions too, as a checkpoint.
    let isCheckpoint: Bool
    /// In the order in which they came; the refused ones do not get into the entry.
    private(set) var transactions: [SignedTransaction] = []
    private var outcomes: [Outcome] = []
    private var state: LedgerState
    private var byteCount = 0

    /// - Parameter timeMilliseconds: Taken as the base's own time if it is earlier.
    init(after base: LedgerState, timeMilliseconds: Int64) {
        self.base = base
        self.timeMilliseconds = max(timeMilliseconds, base.timeMilliseconds)
        isCheckpoint = base.isCheckpointOverdue(at: self.timeMilliseconds)
        state = base
    }

    var isFull: Bool { transactions.count == Entry.maxTransactions }

    /// Carries a transaction out. False, and nothing is done, if it has no place in the entry any more.
    mutating func add(_ transaction: SignedTransaction) -> Bool {
        guard !isFull, byteCount + transaction.bytes.count <= Entry.maxBatchByteCount else { return false }
        byteCount += transaction.bytes.count
        transactions.append(transaction)
        outcomes.append(state.execute(transaction, timeMilliseconds: timeMilliseconds))
        return true
    }

    /// The results, which are to be given when the entry is durable: a refusal may rest on a transaction of the same
    /// entry.
    var results: [(TransactionID, SubmitResult)] {
        zip(transactions, outcomes).map { transaction, outcome in
            let sequence = outcome.isApplied ? base.sequence &+ 1 : base.sequence
            return (transaction.id, SubmitResult(sequence: sequence, outcome: outcome))
        }
    }

    /// The entry, signed; nil if every transaction was refused and no checkpoint is due.
    ///
    /// - Throws: What the key's library throws.
    func seal(_ key: SigningKey) throws -> AppliedEntry? {
        let accepted = zip(transactions, outcomes).filter(\.1.isApplied)
        guard isCheckpoint || !accepted.isEmpty else { return nil }
        let entry = try Entry(
            following: base, transactions: accepted.map(\.0), timeMilliseconds: timeMilliseconds, key: key)
        var next = state
        next.finish(entry, outcomes: accepted.map(\.1))
        let recorded = accepted.map { RecordedOutcome(id: $0.id, sequence: entry.sequence, outcome: $1) }
        let certification = Certification(
            accepted.map { (transaction: $0, outcome: $1) }, from: base, to: next)
        return AppliedEntry(entry, next, recorded, certification)
    }
}
