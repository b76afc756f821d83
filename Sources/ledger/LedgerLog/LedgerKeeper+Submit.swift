public import Foundation
import Identity
public import Ledger
import Logging

extension LedgerKeeper {
    /// Orders a transaction. When this returns an applied outcome, the entry that holds it is durable.
    ///
    /// As ``submit(_:)-([Data])``.
    public nonisolated func submit(_ transaction: Data) async throws -> SubmitResult {
        guard let result = await submit([transaction]).first else { throw overloaded(1) }
        return try result.get()
    }

    /// As ``submit(_:)-([Data])``, without verifying the signature again.
    public nonisolated func submit(_ transaction: SignedTransaction) async throws -> SubmitResult {
        if let reason = whyNotLeading { throw reason }
        guard let result = await order([transaction]).first else { throw overloaded(1) }
        return try result.get()
    }

    /// Reads a transaction that somebody hands in and verifies its signature, on the caller's thread; what is none is counted
    /// as refused. It is not verified again here, whichever way it takes from now on.
    ///
    /// - Throws: What ``SignedTransaction/init(decoding:)`` throws.
    public nonisolated func read(_ bytes: Data) throws(LedgerError) -> SignedTransaction {
        do throws(LedgerError) {
            let transaction = try SignedTransaction(decoding: bytes)
            if !isLeading { verified.note(transaction) }
            return transaction
        } catch {
            metrics.countTransactions(refused: 1)
            throw error
        }
    }

    /// Orders transactions, in their order; the results have the same order. When this returns an applied outcome, the
    /// entry that holds the transaction is durable.
    ///
    /// Signatures are verified on all cores. Transactions that arrive while the log writes go into the next entry
    /// together. A refused transaction is not written; ``outcome(of:)`` tells of it as long as the index does. The same transaction submitted again, be it at once, on another
    /// sequencer or after a lost answer and a restart, gets its first result. Cancelling the caller takes nothing back.
    ///
    /// - Returns: One result a transaction. Failures are ``LedgerLogError``: `.notSequencer` (forward it to
    ///   ``sequencer``, or submit again when there is one), `.overloaded`, `.unavailable` and `.appendFailed` (submit
    ///   again later), `.closed`, or why the ledger halted.
    public nonisolated func submit(_ transactions: [Data]) async -> [Result<SubmitResult, any Error>] {
        if let reason = whyNotLeading ?? (transactions.count > settings.maxQueuedTransactions ? overloaded(0) : nil) {
            return transactions.map { _ in .failure(reason) }
        }
        let decoded = await SignatureChecks.decode(transactions)
        var ordered = await order(decoded.compactMap { try? $0.get() }).makeIterator()
        return decoded.map { transaction in
            switch transaction {
            case .success: return ordered.next() ?? .failure(overloaded(0))
            case .failure(let error):
                metrics.countTransactions(refused: 1)
                return .success(SubmitResult(sequence: state.sequence, outcome: .refused(error)))
            }
        }
    }

    private nonisolated var whyNotLeading: LedgerLogError? {
        if let failure { return failure }
        if isLeading { return nil }
        return LedgerLogError(
            .notSequencer,
            "This node takes no transactions; "
                + (sequencer.map { "submit to \($0)" } ?? "no sequencer is known yet, submit again in a moment"))
    }

    private nonisolated func overloaded(_ waiting: Int) -> LedgerLogError {
        LedgerLogError(
            .overloaded,
            "\(waiting) transactions wait for the log, at most \(settings.maxQueuedTransactions) may; "
                + "submit fewer, or again in a moment")
    }

    private func order(_ transactions: [SignedTransaction]) async -> [Result<SubmitResult, any Error>] {
        guard !transactions.isEmpty else { return [] }
        let known: [TransactionID: SubmitResult]
        do {
            known = try await firstResults(of: transactions)
        } catch {
            return transactions.map { _ in .failure(error) }
        }
        return await withCheckedContinuation { continuation in
            let call = PendingResults(count: transactions.count, continuation)
            for (index, transaction) in transactions.enumerated() {
                if let first = known[transaction.id] {
                    call.resolve(index, .success(first))
                } else if let reason = whyNotTaken(transaction) {
                    call.resolve(index, .failure(reason))
                } else {
                    submissions.add(transaction, call, index)
                }
            }
            if tip != nil { fill() }
            if pump == nil, submissions.first != nil { pump = Task { await self.drain() } }
        }
    }

    /// The results of those that the log has already. On return, no other one of these can have got there meanwhile.
    private func firstResults(of transactions: [SignedTransaction]) async throws -> [TransactionID: SubmitResult] {
        var results: [TransactionID: SubmitResult] = [:]
        var asked: Set<TransactionID> = []
        while true {
            let repeated = transactions.filter {
                $0.nonce <= nonce(of: $0.signer) && !submissions.isWaiting($0.id) && asked.insert($0.id).inserted
            }
            if repeated.isEmpty { return results }
            for transaction in repeated {
                guard let first = try await local.outcome(of: transaction.id), first.outcome.isApplied else { continue }
                results[transaction.id] = SubmitResult(sequence: first.sequence, outcome: first.outcome)
            }
        }
    }

    private func whyNotTaken(_ transaction: SignedTransaction) -> LedgerLogError? {
        if isClosed { return LedgerLogError(.closed, "The ledger is closed") }
        if let reason = whyNotLeading { return reason }
        if let unresolved { return unavailable(unresolved.entry.sequence) }
        if let reason = orderFault() { return reason }
        guard submissions.waiterCount < settings.maxQueuedTransactions,
            submissions.byteCount + transaction.bytes.count <= settings.maxQueuedBytes
        else { return overloaded(submissions.waiterCount) }
        return nil
    }

    /// Writes an empty entry if only that brings the checkpoint of a change in time: on a quiet network no transaction
    /// comes along for it.
    func writeOverdueCheckpoint() {
        guard pump == nil, draft == nil, isLeading, unresolved == nil, !isClosed, failure == nil else { return }
        guard state.isCheckpointOverdue(at: now()), orderFault() == nil else { return }
        draft = EntryDraft(after: state, timeMilliseconds: now())
        pump = Task { await self.drain() }
    }

    /// Writes entry after entry, one at a time, as long as transactions wait.
    private func drain() async {
        while true {
            fill()
            guard draft != nil else { break }
            let duration = await gate.run { await writeDraft() }
            // Whoever was just answered may be back soon, and shares the entry of those who came during the append.
            if draft?.isFull == false, !isClosed, duration >= settings.slowAppend {
                try? await clock.sleep(for: min(settings.maxLinger, duration / 4))
            }
        }
        pump = nil
    }

    /// Carries waiting transactions out on the next entry's draft, also while the entry before is being written.
    private func fill() {
        guard isLeading, unresolved == nil, !isClosed else { return }
        while let transaction = submissions.first {
            if draft == nil, let reason = orderFault() {
                submissions.removeFirst()
                submissions.answer(transaction.id, .failure(reason))
                continue
            }
            if draft == nil { draft = EntryDraft(after: tip ?? state, timeMilliseconds: now()) }
            guard draft?.add(transaction) == true else { return }
            submissions.removeFirst()
        }
    }

    /// Writes the draft and answers. The caller holds the gate. Returns how long the append took.
    private func writeDraft() async -> Duration {
        if let obsolete = draft, obsolete.base.headHash != state.headHash {
            putBack(obsolete)
            fill()
        }
        guard let present = draft else { return .zero }
        if shared != nil, let signed, signed.sequence > present.base.sequence {
            stepDown("This node signed another entry \(signed.sequence) before, which comes first")
            return .zero
        }
        draft = nil
        let results = present.results
        let sealed: AppliedEntry?
        do {
            sealed = try present.seal(key)
        } catch {
            for (id, _) in results { submissions.answer(id, .failure(error)) }
            return .zero
        }
        let start = ContinuousClock.now
        var reason: (any Error)?
        if let sealed {
            tip = sealed.state
            if shared != nil { signed = sealed.entry }
            let write = startAppend(sealed.record)
            fill()
            reason = await settle(sealed, await write.result)
            tip = nil
        }
        if let reason {
            for (id, _) in results { submissions.answer(id, .failure(reason)) }
            if let next = draft { putBack(next) }
        } else {
            for (id, result) in results { submissions.answer(id, .success(result)) }
            note(refused: results.filter { !$0.1.outcome.isApplied })
            let applied = sealed?.record.outcomes.count ?? 0
            metrics.countTransactions(applied: applied, refused: results.count - applied)
        }
        return ContinuousClock.now - start
    }

    /// In a task of its own: nobody's cancellation may leave it open whether the entry was written.
    private nonisolated func startAppend(_ record: LogRecord) -> Task<Void, any Error> {
        Task { @concurrent [shared, local, signatures] in
            guard let shared else { return try await local.append(record) }
            try await signatures?.keep(record.entry)
            try await shared.append(record)
        }
    }

    /// Makes an append's end known. Returns why the entry's transactions have no result, if so.
    private func settle(_ sealed: AppliedEntry, _ result: Result<Void, any Error>) async -> (any Error)? {
        let start = ContinuousClock.now
        do {
            if shared == nil {
                if case .failure(let error) = result {
                    try await settleFailedAppend(sealed.entry, sealed.entry, error)
                }
                metrics.recordAppend(sealed.state.sequence, ContinuousClock.now - start)
                publish(sealed)
                return nil
            }
            try result.get()
        } catch {
            return shared == nil ? error : await settleShared(sealed, error)
        }
        return await commitShared(sealed)
    }

    /// What is in the shared log goes to the local one. Returns why that failed, if so.
    func commitShared(_ sealed: AppliedEntry) async -> (any Error)? {
        do {
            try await commit([sealed])
            return nil
        } catch {
            // The entry counts all the same: this node has to read it again before it orders anything else.
            stepDown("This node could not write its own copy of the log: \(error). Submit again for the result")
            return error
        }
    }

    private func settleShared(_ sealed: AppliedEntry, _ error: any Error) async -> any Error {
        if let error = error as? LedgerLogError, error.code == .conflict || error.code == .notSequencer {
            return lose(error)
        }
        unresolved = sealed
        let reason = unavailable(sealed.entry.sequence)
        logger.warning("The shared log does not answer", metadata: ["error": "\(error)"])
        failWaiting(reason)
        wakeUps.send(())
        return reason
    }

    private func unavailable(_ sequence: UInt64) -> LedgerLogError {
        LedgerLogError(
            .unavailable,
            "The log's engine does not say whether it has entry \(sequence); submit again when it answers")
    }

    /// Gives the lead up as the shared log says that it is another's, or that other entries came first.
    func lose(_ error: LedgerLogError) -> LedgerLogError {
        if error.code == .notSequencer, case .leading(let term) = standing { lostTerm = max(lostTerm, term) }
        return stepDown("Another node orders transactions now: \(error)")
    }

    /// Stops ordering. Whoever waits may submit again, here or elsewhere, and gets the first result.
    @discardableResult
    func stepDown(_ message: String) -> LedgerLogError {
        let reason = LedgerLogError(.notSequencer, message)
        failWaiting(reason)
        if isLeading {
            logger.notice("This node stops ordering transactions", metadata: ["reason": "\(message)"])
            publish(.vacant)
        }
        wakeUps.send(())
        return reason
    }

    /// Why this node may not begin an entry now, if so.
    private func orderFault() -> LedgerLogError? { lostEntries ?? clockFault() }

    /// Why this node's clock may not time an entry now, if so.
    private func clockFault() -> LedgerLogError? {
        let time = now()
        let hasJumped = clockWatch.hasJumped(
            wall: time, uptime: uptime(), lastEntry: state.timeMilliseconds, bound: settings.maxClockLead)
        guard hasJumped else {
            hasToldOfClock = false
            return nil
        }
        let reason = LedgerLogError(
            .clockMismatch,
            "The sequencer's clock jumped ahead, to \(time) ms, \(time.clampedMinus(state.timeMilliseconds) / 1_000) s behind "
                + "the last entry: it orders nothing, since time on the ledger cannot go back. Set the clock of node "
                + "\(node.short), or restart that node if the clock is right now")
        if !hasToldOfClock {
            hasToldOfClock = true
            logger.critical("The clock jumped", metadata: ["reason": "\(reason)"])
        }
        return reason
    }

    private func putBack(_ obsolete: EntryDraft) {
        draft = nil
        submissions.putBack(obsolete.transactions)
    }
}
