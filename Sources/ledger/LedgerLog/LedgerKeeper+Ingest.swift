public import Foundation
import Identity
public import Ledger
import Logging

extension LedgerKeeper {
    /// Takes entries that a peer brought, in ascending order. When this returns, all of them are durable and applied.
    ///
    /// Entries that are here already are compared and skipped. Signatures are verified on the caller's executor, in
    /// parallel. If an entry is refused, those before it stay.
    ///
    /// - Throws: ``LedgerLogError``: `.badEntry` or `.missingEntries`, after which another peer or an earlier
    ///   sequence may be tried; `.forked` with the evidence, or `.diverged`, after which the ledger halts;
    ///   `.overloaded`, `.appendFailed`, `.closed`, or why the ledger halted before.
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
        for entry in entries {
            do throws(LedgerError) {
                try state.authenticate(entry)
            } catch {
                throw LedgerLogError(.badEntry, "\(error)")
            }
        }
        let known = entries.filter { $0.sequence <= state.sequence }
        let new = await EntryChecks.run(entries.filter { $0.sequence > state.sequence })
        try await take(known: known, new: new)
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
            for entry in known {
                try checkOpen()
                try await compare(entry)
            }
            for checked in new {
                try checkOpen()
                // Another call may have brought it while this one waited.
                if checked.entry.sequence <= state.sequence {
                    try await compare(checked.entry)
                } else {
                    try await follow(checked)
                }
            }
        }
    }

    private func follow(_ checked: CheckedEntry) async throws {
        let entry = checked.entry
        let state = state
        guard entry.sequence == state.sequence &+ 1 else {
            throw LedgerLogError(
                .missingEntries, "Entry \(entry.sequence) came, but \(state.sequence &+ 1) is next; fetch from there")
        }
        var next = state
        let outcomes: [Outcome]
        do throws(LedgerError) {
            outcomes = try next.apply(checked)
        } catch {
            throw try await judge(entry, error)
        }
        let applied = EntryChecks.applied(checked, outcomes)
        try await commit(entry, next, applied)
        metrics.countTransactions(applied: applied.count, refused: outcomes.count - applied.count)
    }

    /// What an authentic entry that cannot be applied means.
    private func judge(_ entry: Entry, _ error: LedgerError) async throws -> LedgerLogError {
        let failure: LedgerLogError
        switch error.code {
        case .chainBroken:
            failure = forked(entry, try await stored(entry.sequence - 1))
        case .stateRootMismatch, .timeWentBack:
            failure = LedgerLogError(
                .diverged,
                "Entry \(entry.sequence) is signed but wrong: \(error). Compare versions and logs with the sequencer")
        default:
            return LedgerLogError(.badEntry, "\(error)")
        }
        halt(failure)
        return failure
    }

    /// An authentic entry of a sequence that is in the log must be the one in the log.
    private func compare(_ entry: Entry) async throws {
        guard entry.sequence > 0 else { throw LedgerLogError(.badEntry, "The genesis is no entry; begin with entry 1") }
        guard let ours = try await stored(entry.sequence), ours.hash != entry.hash else { return }
        let failure = forked(entry, ours)
        halt(failure)
        throw failure
    }

    private func stored(_ sequence: UInt64) async throws -> Entry? {
        guard sequence > 0 else { return nil }
        return try await log.entries(from: sequence, limit: 1, byteLimit: 1).first.map { try Entry(decoding: $0) }
    }

    private func forked(_ theirs: Entry, _ ours: Entry?) -> LedgerLogError {
        LedgerLogError(
            .forked,
            "The sequencer signed two histories: its entry \(theirs.sequence) is not of the chain in our log. "
                + "Keep both logs as evidence and ask its operator",
            evidence: ours.map { ForkEvidence(ours: $0, theirs: theirs) })
    }
}
