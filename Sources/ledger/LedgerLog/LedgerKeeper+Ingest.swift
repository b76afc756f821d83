public import Foundation
import Identity
public import Ledger
import Logging

extension LedgerKeeper {
    /// Takes entries that a peer brought, in ascending order. When this returns, all of them are durable and applied.
    ///
    /// Entries that are here already are compared and skipped. Signatures are verified on all cores before it is this
    /// call's turn, so a caller with several pages may bring the next one while one is carried out. If an entry is
    /// refused, those before it stay. A node that leads in a shared log takes no new ones: the log has them first.
    ///
    /// - Throws: ``LedgerLogError``: `.badEntry` or `.missingEntries`, after which another peer or an earlier
    ///   sequence may be tried; `.clockMismatch` for an entry from the future, after which the same may be tried again;
    ///   `.forked` with the evidence, or `.diverged`, after which the ledger halts; `.overloaded`, `.appendFailed`,
    ///   `.closed`, or why the ledger halted before.
    public nonisolated func ingest(_ entries: [Data]) async throws {
        try checkBounds(entries.count, entries.reduce(0) { $0 + $1.count })
        var decoded: [Entry] = []
        for bytes in entries {
            do throws(LedgerError) {
                decoded.append(try Entry(decoding: bytes))
            } catch {
                throw LedgerLogError(.badEntry, "A peer sent what is no entry: \(error)")
            }
        }
        try await ingest(decoded)
    }

    /// As ``ingest(_:)-([Data])``.
    public nonisolated func ingest(_ entries: [Entry]) async throws {
        try checkBounds(entries.count, entries.reduce(0) { $0 + $1.bytes.count })
        let state = state
        let new = await SignatureChecks.check(entries.filter { $0.sequence > state.sequence }, known: verified)
        try await take(known: entries.filter { $0.sequence <= state.sequence }, new: new)
    }

    private nonisolated func checkBounds(_ count: Int, _ byteCount: Int) throws {
        guard count <= settings.maxPageEntries, byteCount <= settings.maxIngestBytes else {
            throw LedgerLogError(
                .overloaded,
                "\(count) entries of \(byteCount) bytes came at once; bring at most "
                    + "\(settings.maxPageEntries) of \(settings.maxIngestBytes) bytes")
        }
    }

    private func take(known: [Entry], new: [CheckedEntry]) async throws {
        try await gate.run {
            for entry in known { try await compare(entry) }
            try checkOpen()
            if shared == nil || !isLeading { try await follow(new) }
        }
    }

    /// Carries entries out, in ascending order, and writes them at once. The caller holds the gate.
    func follow(_ entries: [CheckedEntry]) async throws {
        try checkOpen()
        let before = state.sequence
        var applied: [AppliedEntry] = []
        var reason: LedgerLogError?
        for checked in entries {
            // Another call may have brought it while this one waited.
            if checked.entry.sequence <= before {
                try await compare(checked.entry)
                continue
            }
            let state = applied.last?.state ?? state
            guard checked.entry.sequence == state.sequence &+ 1 else {
                reason = missing(checked.entry, after: state)
                break
            }
            if let isAhead = aheadOfClock(checked.entry) {
                reason = isAhead
                break
            }
            do throws(LedgerError) {
                applied.append(try AppliedEntry(checked, after: state))
            } catch {
                try await commit(applied)
                throw await judge(checked.entry, error)
            }
        }
        try await commit(applied)
        let outcomes = applied.flatMap(\.record.outcomes)
        let appliedCount = outcomes.count { $0.outcome.isApplied }
        metrics.countTransactions(applied: appliedCount, refused: outcomes.count - appliedCount)
        if let reason { throw reason }
    }

    /// Why an entry has to wait for this node's clock, if so. One that no sequencer signed does not: it is refused.
    private func aheadOfClock(_ entry: Entry) -> LedgerLogError? {
        let lead = entry.timeMilliseconds.clampedMinus(now())
        guard lead > settings.maxClockLead.wholeMilliseconds, (try? state.authenticate(entry)) != nil else {
            return nil
        }
        let reason = LedgerLogError(
            .clockMismatch,
            "Entry \(entry.sequence) of sequencer \(entry.sequencer) is \(lead / 1_000) s ahead of this node's clock, and "
                + "\(settings.maxClockLead) are allowed: it is held back and tried again. Set this node's clock; if it is "
                + "right, the sequencer's is not: tell its operator")
        if toldEntryAhead != entry.sequence {
            toldEntryAhead = entry.sequence
            logger.error("An entry is from the future", metadata: ["reason": "\(reason)"])
        }
        return reason
    }

    private func missing(_ entry: Entry, after state: LedgerState) -> LedgerLogError {
        do throws(LedgerError) {
            try state.authenticate(entry)
        } catch {
            return LedgerLogError(.badEntry, "\(error)")
        }
        return LedgerLogError(
            .missingEntries, "Entry \(entry.sequence) came, but \(state.sequence &+ 1) is next; fetch from there")
    }

    /// What an entry that cannot be carried out means.
    private func judge(_ entry: Entry, _ error: LedgerError) async -> LedgerLogError {
        let failure: LedgerLogError
        var wrong: Entry?
        do {
            switch error.code {
            case .chainBroken:
                let ours = try await stored(entry.sequence &- 1)
                failure = forked(await sharedEntry(before: entry) ?? entry, ours)
            case .stateRootMismatch, .timeWentBack:
                wrong = entry
                failure = LedgerLogError(
                    .diverged,
                    "Entry \(entry.sequence) is signed but wrong: \(error). "
                        + "Compare versions and logs with sequencer \(entry.sequencer)")
            default: return LedgerLogError(.badEntry, "\(error)")
            }
        } catch {
            return error as? LedgerLogError ?? LedgerLogError(.logUnusable, "\(error)")
        }
        await halt(failure, over: wrong)
        return failure
    }

    /// An authentic entry of a sequence that is in the log must be the one in the log.
    func compare(_ entry: Entry) async throws {
        try checkOpen()
        guard entry.sequence > 0 else { throw LedgerLogError(.badEntry, "The genesis is no entry; begin with entry 1") }
        do throws(LedgerError) {
            try state.authenticate(entry)
        } catch {
            throw LedgerLogError(.badEntry, "\(error)")
        }
        guard let ours = try await stored(entry.sequence), ours.hash != entry.hash else { return }
        let failure = forked(entry, ours)
        await halt(failure)
        throw failure
    }

    /// An entry of the local log; nil if a snapshot stands for it. One that is not what was written halts the ledger.
    private func stored(_ sequence: UInt64) async throws -> Entry? {
        guard sequence > 0 else { return nil }
        let bytes: Data?
        do {
            bytes = try await local.entries(from: sequence, limit: 1, byteLimit: 1).first
        } catch let error as LedgerLogError where error.code == .truncated {
            return nil
        }
        if let bytes, let entry = try? Entry(decoding: bytes), entry.sequence == sequence,
            (try? state.authenticate(entry)) != nil
        {
            return entry
        }
        let failure = LedgerLogError(
            .diverged, "This node's log lost or changed entry \(sequence); replace it with a sound copy")
        await halt(failure)
        throw failure
    }

    /// The shared log's own predecessor of `entry`: two entries of one sequence are better evidence than a broken link.
    private func sharedEntry(before entry: Entry) async -> Entry? {
        guard let shared, entry.sequence > 1,
            let bytes = try? await shared.entries(from: entry.sequence - 1, limit: 1, byteLimit: 1).first,
            let other = try? Entry(decoding: bytes), other.hash == entry.previousHash,
            (try? state.authenticate(other)) != nil
        else { return nil }
        return other
    }

    private func forked(_ theirs: Entry, _ ours: Entry?) -> LedgerLogError {
        let signers =
            ours.map {
                $0.sequencer == theirs.sequencer ? "\(theirs.sequencer)" : "\($0.sequencer), \(theirs.sequencer)"
            }
            ?? "\(theirs.sequencer)"
        return LedgerLogError(
            .forked,
            "Two histories were signed (by \(signers)): entry \(theirs.sequence) is not of the chain in our log. "
                + LedgerKeeper.forkAdvice,
            evidence: ours.map { ForkEvidence(ours: $0, theirs: theirs) })
    }

    static let forkAdvice = "Keep both logs as evidence, ask the sequencers' operators, then begin with a sound log"
}
