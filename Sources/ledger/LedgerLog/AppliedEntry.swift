import Ledger

/// An entry, the state after it, and what it did.
struct AppliedEntry: Sendable {
    let record: LogRecord
    let state: LedgerState
    /// The newest certificate that the entry recorded.
    let certificate: Certificate?

    var entry: Entry { record.entry }

    init(_ entry: Entry, _ state: LedgerState, _ outcomes: [RecordedOutcome], _ certification: Certification) {
        record = LogRecord(entry: entry, outcomes: outcomes, handover: certification.handover)
        self.state = state
        certificate = certification.certificate
    }

    /// Carries out the entry that follows `state`.
    ///
    /// - Throws: What the state throws at an entry that is wrong.
    init(_ checked: CheckedEntry, after state: LedgerState) throws(LedgerError) {
        var next = state
        let outcomes = try next.apply(checked)
        let recorded = zip(checked.transactions, outcomes).compactMap { transaction, outcome -> RecordedOutcome? in
            guard case .success(let transaction) = transaction else { return nil }
            return RecordedOutcome(id: transaction.id, sequence: checked.entry.sequence, outcome: outcome)
        }
        let pairs = zip(checked.transactions.map { try? $0.get() }, outcomes)
        self.init(checked.entry, next, recorded, Certification(pairs, from: state, to: next))
    }
}
