public import Foundation
import Identity
import Ledger
import Logging

extension LedgerKeeper {
    /// Orders a transaction. When this returns an applied outcome, the entry that holds it is durable.
    ///
    /// The bytes are decoded and verified on the caller's executor; transactions that arrive while the log writes go
    /// into the next entry together. A refused transaction is not written. The same transaction submitted again, be it
    /// at once or after a lost answer and a restart, gets its first result. Cancelling the caller takes nothing back.
    ///
    /// - Throws: ``LedgerLogError``: `.notSequencer`, `.overloaded`, `.appendFailed`, `.closed`, or why the ledger
    ///   halted.
    public nonisolated func submit(_ bytes: Data) async throws -> SubmitResult {
        guard isSequencer else {
            let sequencer = state.genesis.sequencer
            throw LedgerLogError(.notSequencer, "This node takes no transactions; submit to \(sequencer)")
        }
        let transaction: SignedTransaction
        do throws(LedgerError) {
            transaction = try SignedTransaction(decoding: bytes)
        } catch {
            metrics.countTransactions(refused: 1)
            return SubmitResult(sequence: state.sequence, outcome: .refused(error))
        }
        return try await enqueue(transaction)
    }

    private func enqueue(_ transaction: SignedTransaction) async throws -> SubmitResult {
        try checkOpen()
        guard submissions.waiterCount < settings.maxQueuedTransactions,
            submissions.byteCount + transaction.bytes.count <= settings.maxQueuedBytes
        else {
            throw LedgerLogError(
                .overloaded, "\(submissions.waiterCount) transactions wait for the log; submit again in a moment")
        }
        return try await withCheckedThrowingContinuation { answer in
            submissions.add(transaction, answer)
            if pump == nil { pump = Task { await self.drain() } }
        }
    }

    private func drain() async {
        while !submissions.isEmpty, !isClosed {
            let batch = submissions.takeBatch()
            do {
                let results = try await gate.run { try await order(batch) }
                for (id, result) in results { submissions.answer(id, .success(result)) }
            } catch {
                for transaction in batch { submissions.answer(transaction.id, .failure(error)) }
            }
        }
        pump = nil
    }

    /// Answers are given only after the write, since a refusal may rest on a transaction of the same batch.
    private func order(_ batch: [SignedTransaction]) async throws -> [(TransactionID, SubmitResult)] {
        try checkOpen()
        let state = state
        let time = max(now(), state.timeMilliseconds)
        var draft = state
        var results: [(TransactionID, SubmitResult)] = []
        var accepted: [SignedTransaction] = []
        for transaction in batch {
            if transaction.nonce <= state.nonce(of: transaction.signer),
                let first = try await log.applied(transaction.id)
            {
                let outcome = Outcome.applied(release: first.release)
                results.append((transaction.id, SubmitResult(sequence: first.sequence, outcome: outcome)))
                continue
            }
            let outcome = draft.execute(transaction, timeMilliseconds: time)
            if outcome.isApplied {
                accepted.append(transaction)
            } else {
                metrics.countTransactions(refused: 1)
                results.append((transaction.id, SubmitResult(sequence: state.sequence, outcome: outcome)))
            }
        }
        if !accepted.isEmpty { results += try await write(accepted, after: state, time) }
        return results
    }

    private func write(
        _ accepted: [SignedTransaction], after state: LedgerState, _ time: Int64
    ) async throws -> [(TransactionID, SubmitResult)] {
        let entry = try Entry(following: state, transactions: accepted, timeMilliseconds: time, key: key)
        let known = Dictionary(accepted.map { ($0.bytes, $0) }, uniquingKeysWith: { first, _ in first })
        var next = state
        let outcomes = try next.apply(CheckedEntry(entry, known: known))
        var applied: [AppliedTransaction] = []
        var results: [(TransactionID, SubmitResult)] = []
        for (transaction, outcome) in zip(accepted, outcomes) {
            results.append((transaction.id, SubmitResult(sequence: entry.sequence, outcome: outcome)))
            if case .applied(let release) = outcome {
                applied.append(AppliedTransaction(id: transaction.id, sequence: entry.sequence, release: release))
            }
        }
        try await commit(entry, next, applied)
        metrics.countTransactions(applied: applied.count)
        return results
    }
}
