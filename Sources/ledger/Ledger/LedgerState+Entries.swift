import Blake3
import Foundation
import Identity

extension LedgerState {
    /// Verifies the entry that follows and carries its transactions out.
    ///
    /// A transaction that cannot be carried out is refused in its place and stops nothing.
    ///
    /// - Returns: One outcome a transaction, in the entry's order.
    /// - Throws: An entry code such as `.chainBroken`; the state is as before then.
    @discardableResult
    public mutating func apply(_ entry: Entry) throws(LedgerError) -> [Outcome] {
        try verify(entry)
        return advance(CheckedEntry(entry))
    }

    /// As ``apply(_:)-(Entry)``, with the transactions' signatures checked before.
    @discardableResult
    public mutating func apply(_ checked: CheckedEntry) throws(LedgerError) -> [Outcome] {
        try verify(checked.entry)
        return advance(checked)
    }

    /// Whether a sequencer signed the entry and its transactions are those that were signed, wherever in whichever
    /// chain it stands.
    ///
    /// - Throws: `.wrongNetwork`, `.badSequencerSignature` or `.batchMismatch`.
    public func authenticate(_ entry: Entry) throws(LedgerError) {
        guard entry.networkID == networkID else {
            throw LedgerError(
                .wrongNetwork, "Entry \(entry.sequence) is of network \(entry.networkID.short), not \(networkID.short)")
        }
        guard let key = genesis.sequencerKeys[entry.sequencer] else {
            throw LedgerError(
                .badSequencerSignature,
                "Entry \(entry.sequence) is of node \(entry.sequencer.short), which may not order; ask another peer")
        }
        guard entry.isSigned(by: key) else {
            throw LedgerError(
                .badSequencerSignature,
                "Entry \(entry.sequence) is not signed by its sequencer \(entry.sequencer.short); ask another peer")
        }
        guard BatchRoot.compute(entry.transactions) == entry.batchRoot else {
            throw LedgerError(
                .batchMismatch,
                "The transactions of entry \(entry.sequence) are not those that were signed; ask another peer")
        }
    }

    private func verify(_ entry: Entry) throws(LedgerError) {
        try authenticate(entry)
        guard sequence < .max, entry.sequence == sequence + 1 else {
            throw LedgerError(.outOfSequence, "Entry \(entry.sequence) does not follow \(sequence)")
        }
        guard entry.previousHash == headHash else {
            throw LedgerError(
                .chainBroken,
                "Entry \(entry.sequence) follows \(entry.previousHash), but entry \(sequence) is \(headHash)")
        }
        guard entry.timeMilliseconds >= timeMilliseconds else {
            throw LedgerError(
                .timeWentBack,
                "Entry \(entry.sequence) is of \(entry.timeMilliseconds) ms, before \(timeMilliseconds) ms of the last")
        }
        let ours = root
        guard entry.stateRoot == ours else {
            throw LedgerError(
                .stateRootMismatch,
                "After entry \(sequence) the sequencer's state root is \(entry.stateRoot), ours is \(ours)")
        }
    }

    private mutating func advance(_ checked: CheckedEntry) -> [Outcome] {
        let entry = checked.entry
        accountTable.prefetch(checked.accounts)
        let outcomes = checked.transactions.map { transaction -> Outcome in
            switch transaction {
            case .success(let transaction): execute(transaction, timeMilliseconds: entry.timeMilliseconds)
            case .failure(let error): .refused(error)
            }
        }
        finish(entry, outcomes: outcomes)
        return outcomes
    }

    /// Ends an entry that follows and whose transactions were carried out with ``execute(_:timeMilliseconds:)``, in its
    /// order and with its time. Nothing is verified.
    package mutating func finish(_ entry: Entry, outcomes: [Outcome]) {
        for outcome in outcomes {
            if outcome.isApplied { chain.appliedCount &+= 1 } else { chain.refusedCount &+= 1 }
        }
        sequence = entry.sequence
        timeMilliseconds = entry.timeMilliseconds
        headHash = entry.hash
        sealTables()
        concludeCheckpoint(appliedCount: UInt64(outcomes.count { $0.isApplied }))
    }
}
