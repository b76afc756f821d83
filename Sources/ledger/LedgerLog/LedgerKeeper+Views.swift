public import Foundation
public import Identity
public import Ledger
import Synchronization

/// What anybody may ask at any time, without a hop to the actor.
extension LedgerKeeper {
    /// The state after the last durable entry: a few references, copied under a lock, quick enough for each request.
    public nonisolated var state: LedgerState { published.withLock { $0.state } }

    /// The last durable entry's sequence, without copying the state.
    public nonisolated var sequence: UInt64 { published.withLock { $0.state.sequence } }

    /// Why nothing more is added, if so: `.diverged`, `.forked`, `.conflict` or `.logUnusable`. A restart with a sound
    /// log clears it.
    public nonisolated var failure: LedgerLogError? { published.withLock { $0.failure } }

    /// Whether this node orders transactions now. The lead of a shared log counts once this node has all of it.
    public nonisolated var isLeading: Bool {
        if case .leading = standing { true } else { false }
    }

    /// The node that takes transactions, as far as this one knows; nil while nobody is known to.
    public nonisolated var sequencer: NodeID? {
        switch standing {
        case .leading: node
        case .following(let other): other
        case .vacant: nil
        }
    }

    /// Who orders, beginning with the present standing; a slow reader gets the newest only. Ends with the keeper.
    public nonisolated func standings() -> AsyncStream<Standing> { standingNews.stream() }

    /// Checkpoints from now on, each with the state at it; a slow reader gets the newest few. Ends with the keeper.
    public nonisolated func checkpoints() -> AsyncStream<(Checkpoint, LedgerState)> { checkpointStates.news.stream() }

    /// The state at one of the newest checkpoints; nil for any other sequence.
    public nonisolated func state(atCheckpoint sequence: UInt64) -> LedgerState? {
        checkpointStates.state(at: sequence)
    }

    /// The kept checkpoints that no recorded certificate covers, each with the state at it, the oldest first.
    public nonisolated var uncertifiedCheckpoints: [(checkpoint: Checkpoint, state: LedgerState)] {
        checkpointStates.uncertified
    }

    /// Whether this node may sign `checkpoint`, because it never signed anything else of its sequence or above. When
    /// this returns true, that it does is durable. Without a record of what it signed, it may.
    ///
    /// - Throws: Why the ledger halted; ``LedgerLogError`` `.logUnusable` if the record cannot be read or written.
    public nonisolated func mayVote(for checkpoint: Checkpoint) async throws -> Bool {
        if let failure { throw failure }
        return try await signatures?.admit(checkpoint) ?? true
    }

    /// Why this node, whose log is the only one, orders nothing: the log ends before an entry whose checkpoint it signed, as
    /// one does that was lost or went back in time. Another entry in the place of a lost one would begin a second history.
    /// Nil once the entries are back, from whoever has them.
    public nonisolated var lostEntries: LedgerLogError? {
        let head = sequence
        guard shared == nil, head < votedSequence else { return nil }
        return LedgerLogError(
            .unavailable,
            "This node signed a checkpoint of entry \(votedSequence), but its log ends at entry \(head): it lost entries, and "
                + "orders nothing until it has them again. It asks the other nodes for them; start those, or restore "
                + "ledger.sqlite from a newer backup. If nobody has them any more, begin a new network")
    }

    /// The newest certificate that the ledger recorded, with the state that it certifies; nil before the first one.
    public nonisolated var certified: (certificate: Certificate, state: LedgerState)? { checkpointStates.certified }

    /// Handovers of checkpoints in epochs after `epoch`, oldest first, `limit` at most.
    public nonisolated func handovers(after epoch: UInt64, limit: Int) async throws -> [Handover] {
        try await local.handovers(after: epoch, limit: limit)
    }

    /// The base of the shared log while it is ahead of the state: fetch its snapshot, verify it and call
    /// ``install(_:base:)``, or fetch the entries from a peer that still has them.
    public nonisolated var missingBase: LogBase? { published.withLock { $0.missingBase } }

    /// Entries in ascending order from `sequence` on, as the log has them; empty past the head.
    ///
    /// - Parameter limit: Entries at most; ``Settings/maxPageEntries`` and ``Settings/maxPageBytes`` bound it too, but
    ///   one entry is returned whatever its size.
    /// - Throws: ``LedgerLogError`` `.truncated` if a snapshot stands for the entry.
    public nonisolated func entries(from sequence: UInt64, limit: Int) async throws -> [Data] {
        try await local.entries(
            from: max(sequence, 1), limit: min(limit, settings.maxPageEntries), byteLimit: settings.maxPageBytes)
    }

    /// Where the local log begins; nil for the genesis.
    public nonisolated func base() async throws -> LogBase? { try await local.base() }

    /// Whether the ledger reaches `sequence` within `timeout`.
    ///
    /// False as soon as the caller is cancelled or the keeper closed, and at once if ``Settings/maxWaiters`` wait.
    public nonisolated func waitForSequence(_ sequence: UInt64, timeout: Duration) async -> Bool {
        await waiters.wait(for: sequence, timeout: timeout, clock: clock)
    }

    /// The sequences that the ledger reaches from now on.
    ///
    /// A slow reader gets the newest only, so it should read ``state``. The stream ends with the keeper, and at once
    /// if ``Settings/maxSubscribers`` are open.
    public nonisolated func changes() -> AsyncStream<UInt64> { waiters.subscribe() }

    /// As the state's, without a copy of the state.
    nonisolated func nonce(of signer: Signer) -> UInt64 { published.withLock { $0.state.nonce(of: signer) } }

    nonisolated var standing: Standing { published.withLock { $0.standing } }

    nonisolated func note(missing base: LogBase?) { published.withLock { $0.missingBase = base } }

    nonisolated func publish(_ standing: Standing) {
        let isNew = published.withLock { published in
            guard published.standing != standing else { return false }
            published.standing = standing
            return true
        }
        if isNew { standingNews.send(standing) }
    }
}
