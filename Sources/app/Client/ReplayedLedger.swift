import Blake3
import Foundation
import Ledger
import LedgerLog

/// A ledger that is being replayed: its state so far, and what went into it.
struct ReplayedLedger: Sendable {
    private(set) var state: LedgerState
    private(set) var entryCount = 0
    private(set) var transactionCount = 0
    private(set) var appliedCount = 0
    private(set) var byteCount = 0

    init(_ state: LedgerState) { self.state = state }

    /// Decodes entries and checks their transactions' signatures on all cores: most of the work, which needs no state.
    ///
    /// - Throws: `LedgerError` for bytes that are no entry.
    static func check(_ entries: [Data]) async throws -> [CheckedEntry] {
        let entries = try entries.map { try Entry(decoding: $0) }
        let results = await SignatureChecks.decode(entries.flatMap(\.transactions))
        var start = 0
        return entries.map { entry in
            defer { start += entry.transactions.count }
            return CheckedEntry(entry, transactions: Array(results[start..<start + entry.transactions.count]))
        }
    }

    /// Verifies the entry that follows and carries it out.
    ///
    /// - Returns: What a log stores of it.
    /// - Throws: `LedgerError` if it does not follow, or the sequencer's state root is not ours.
    mutating func apply(_ checked: CheckedEntry) throws(LedgerError) -> LogRecord {
        let committee = state.epoch.committee
        let outcomes = try state.apply(checked)
        entryCount += 1
        transactionCount += outcomes.count
        appliedCount += outcomes.count { $0.isApplied }
        byteCount += checked.entry.bytes.count
        var recorded: [RecordedOutcome] = []
        var handover: Handover?
        for case (.success(let transaction), let outcome) in zip(checked.transactions, outcomes) {
            recorded.append(RecordedOutcome(id: transaction.id, sequence: checked.entry.sequence, outcome: outcome))
            guard outcome.isApplied, case .recordCertificate(let certificate) = transaction.action,
                state.epoch.committee != committee,
                certificate.checkpoint.nextCommittee == state.epoch.committee.hash
            else { continue }
            handover = Handover(certificate: certificate, nextCommittee: state.epoch.committee)
        }
        return LogRecord(entry: checked.entry, outcomes: recorded, handover: handover)
    }
}
