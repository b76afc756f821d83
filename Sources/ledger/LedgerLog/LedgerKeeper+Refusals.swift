import Foundation
import Identity
public import Ledger
import Logging

/// Refusals are no part of the log, but whoever asks for a transaction hears of them.
extension LedgerKeeper {
    /// What became of a transaction: what an entry of the local log says, or else that it was refused here, as long as
    /// the index of refusals has it. A refusal's sequence is that of the entry after which it was judged.
    public nonisolated func outcome(of id: TransactionID) async throws -> RecordedOutcome? {
        // First what waits for the disk: it may get there meanwhile, but not back.
        let waiting = refusals.outcome(of: id)
        let stored = try await local.outcome(of: id)
        if let stored, stored.outcome.isApplied { return stored }
        return waiting ?? stored
    }

    /// Takes note that another node refused a transaction that this one handed on.
    public func note(refusalOf id: TransactionID, _ error: LedgerError) {
        note(refused: [(id, SubmitResult(sequence: state.sequence, outcome: .refused(error)))])
    }

    /// They are on disk soon after; what was answered does not depend on it, and appends need not wait for it.
    func note(refused results: [(TransactionID, SubmitResult)]) {
        guard !results.isEmpty else { return }
        refusals.add(results.map { RecordedOutcome(id: $0, sequence: $1.sequence, outcome: $1.outcome) })
        if refusalWriter == nil, !isClosed { refusalWriter = Task { await writeRefusals() } }
    }

    /// Whatever came during a write is written at once in the next one.
    private func writeRefusals() async {
        while case let next = refusals.beginWriting(), !next.isEmpty {
            do {
                try await local.keep(next)
            } catch {
                logger.warning("Refusals could not be kept", metadata: ["error": "\(error)"])
            }
            refusals.endWriting()
        }
        refusalWriter = nil
    }
}
