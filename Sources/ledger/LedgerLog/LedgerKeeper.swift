public import Foundation
public import Identity
public import Ledger
public import Logging
import Synchronization

/// One node's ledger: replays the log, orders transactions where this node leads, follows elsewhere, and gives readers
/// consistent snapshots.
///
/// A node keeps its own copy of the log, the local one. Without a shared log the genesis' first sequencer leads for
/// good. With one, the shared log decides: whoever leads adds an entry there first and publishes it only then; all
/// others follow it, or peers.
public actor LedgerKeeper {
    struct Published: Sendable {
        var state: LedgerState
        var failure: LedgerLogError?
        var standing: Standing
        var missingBase: LogBase?
    }

    /// This node.
    public nonisolated let node: NodeID

    let local: any LocalLedgerLog
    let shared: (any LedgerLog)?
    let leadership: (any Leadership)?
    let signatures: SigningRecord?
    /// The highest entry whose checkpoint this node had signed when the keeper was opened.
    let votedSequence: UInt64
    let key: SigningKey
    let settings: Settings
    let clock: any Clock<Duration>
    let now: @Sendable () -> Int64
    /// Time since the keeper was opened, on a clock that nobody sets.
    let uptime: @Sendable () -> Duration
    let logger: Logger
    let metrics = KeeperMetrics()
    let gate = SerialGate()
    nonisolated let published: Mutex<Published>
    nonisolated let waiters: SequenceWaiters
    nonisolated let standingNews: Broadcast<Standing>
    nonisolated let checkpointStates: CheckpointStates
    nonisolated let refusals = RefusalBook()
    nonisolated let verified = VerifiedBook()
    /// Wakes ``run()``.
    nonisolated let wakeUps = Broadcast<Void>()
    var isClosed = false

    // What the ordering side keeps.

    var submissions = SubmissionQueue()
    var draft: EntryDraft?
    /// The state after the entry that is being written.
    var tip: LedgerState?
    var pump: Task<Void, Never>?
    /// The entry of which it is not known whether the shared log has it. Nothing else is ordered meanwhile.
    var unresolved: AppliedEntry?
    /// The last term that the shared log said is over.
    var lostTerm: UInt64 = 0
    /// The last entry that this node signed for the shared log. As long as no entry has its place, nothing else of its
    /// sequence is signed: both together would be a fault.
    var signed: Entry?
    /// Wrong answers of the shared log in a row.
    var engineFaults = 0
    var clockWatch: ClockWatch
    /// Writes refusals into the local log's index.
    var refusalWriter: Task<Void, Never>?

    // What was logged last, so that the same is not said again at each attempt.

    var toldTrouble: String?
    var toldEntryAhead: UInt64?
    var hasToldOfClock = false

    /// Replays the local log, from its base or the genesis on.
    ///
    /// A log that does not replay is no reason to throw: the keeper then holds the last good state, logs a critical
    /// line and names the reason in ``failure``. So does one that keeps the evidence of a fork.
    ///
    /// - Parameters:
    ///   - local: This node's log; the keeper closes it.
    ///   - shared: The log that decides, if there is one; whoever made it closes it, after the keeper. Without one the
    ///     first sequencer leads with nothing that fences the others, so where several run, all of them need it.
    ///   - leadership: Who may order in the shared log; nil for a node that only follows. ``run()`` reads it, and
    ///     does not run it.
    ///   - signatures: What this node's key signed; the keeper closes it. Needed where the key signs votes, or entries
    ///     of a shared log, in more than one run.
    ///   - snapshot: The verified state at the local log's base; needed if it has one.
    ///   - nodeKey: This node's key, which signs entries.
    ///   - clock: Measures timeouts and pauses, and what the wall clock should have moved by.
    ///   - now: The wall clock in milliseconds since 1970, which times entries.
    /// - Throws: ``LedgerLogError`` `.truncated` if the log begins with a snapshot that was not given, `.badSnapshot`
    ///   if it is another; what the log throws if it cannot be read.
    public static func open(
        local: any LocalLedgerLog, shared: (any LedgerLog)? = nil, leadership: (any Leadership)? = nil,
        signatures: SigningRecord? = nil, genesis: Genesis, snapshot: LedgerState? = nil, nodeKey: SigningKey,
        settings: Settings = Settings(),
        clock: any Clock<Duration> = ContinuousClock(),
        now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000) },
        logger: Logger = Logger(label: "skerry.ledger")
    ) async throws -> LedgerKeeper {
        let start = try await beginning(of: local, genesis, snapshot)
        let checkpoints = CheckpointStates(kept: settings.keptCheckpoints)
        if let base = try await local.base(), let certificate = try? Certificate(decoding: base.certificate) {
            checkpoints.note(certificate, of: start)
        }
        let (state, damage) = try await Replay(log: local, settings: settings).run(start) {
            checkpoints.note($1)
            checkpoints.note($0)
        }
        let keeper = LedgerKeeper(
            local, shared, leadership, signatures, try await signatures?.entry(),
            try await signatures?.highestVote() ?? 0, state, checkpoints, nodeKey, settings, clock, now, logger)
        let kept = try await local.evidence().map { evidence in
            LedgerLogError(.forked, "This log keeps the evidence of a fork: \(forkAdvice)", evidence: evidence)
        }
        if let failure = kept ?? damage {
            await keeper.halt(failure)
        } else {
            logger.info(
                "The ledger is open",
                metadata: ["network": "\(genesis.networkID.short)", "sequence": "\(state.sequence)"])
        }
        return keeper
    }

    private static func beginning(
        of log: any LocalLedgerLog, _ genesis: Genesis, _ snapshot: LedgerState?
    ) async throws -> LedgerState {
        guard let base = try await log.base() else { return LedgerState(genesis: genesis) }
        guard let snapshot else {
            throw LedgerLogError(
                .truncated,
                "The log begins behind entry \(base.sequence): open it with the state of snapshot \(base.snapshot)")
        }
        try check(snapshot, against: base, of: genesis.networkID)
        return snapshot
    }

    private init(
        _ local: any LocalLedgerLog, _ shared: (any LedgerLog)?, _ leadership: (any Leadership)?,
        _ signatures: SigningRecord?, _ signed: Entry?, _ votedSequence: UInt64, _ state: LedgerState,
        _ checkpoints: CheckpointStates, _ key: SigningKey, _ settings: Settings, _ clock: any Clock<Duration>,
        _ now: @escaping @Sendable () -> Int64, _ logger: Logger
    ) {
        self.local = local
        self.shared = shared
        self.leadership = leadership
        self.signatures = signatures
        self.signed = signed
        self.votedSequence = votedSequence
        self.key = key
        self.settings = settings
        self.clock = clock
        self.now = now
        self.logger = logger
        let uptime = clock.stopwatch()
        self.uptime = uptime
        clockWatch = ClockWatch(wall: now(), uptime: uptime())
        node = key.publicKey.node
        let standing: Standing =
            switch state.genesis.sequencers.first {
            case _ where shared != nil: .vacant
            case node?: .leading(term: 1)
            case let other?: .following(other)
            case nil: .vacant
            }
        published = Mutex(Published(state: state, standing: standing))
        standingNews = Broadcast(first: standing)
        checkpointStates = checkpoints
        waiters = SequenceWaiters(
            reached: state.sequence, maxWaiters: settings.maxWaiters, maxSubscribers: settings.maxSubscribers)
    }

    /// Follows the shared log, takes and gives up the lead as the leadership says, and while this node orders, writes
    /// the checkpoints that no transaction brings. Until cancelled; call it once.
    public func run() async {
        guard let shared else { return await poll() }
        // Before the first look, or what comes during it is not seen before the next poll.
        let (news, hints) = (wakeUps.stream(), shared.wakeUps())
        wakeUps.send(())
        await withDiscardingTaskGroup { group in
            group.addTask { for await _ in hints where !self.isLeading { self.wakeUps.send(()) } }
            group.addTask { await self.poll() }
            if let leadership {
                group.addTask { for await standing in leadership.changes() { await self.heed(standing) } }
            }
            group.addTask {
                for await _ in news {
                    while !Task.isCancelled, await !self.look(at: shared) {
                        try? await self.clock.sleep(for: self.settings.retryPause)
                    }
                }
            }
        }
    }

    private nonisolated func poll() async {
        while !Task.isCancelled {
            try? await clock.sleep(for: settings.pollInterval)
            await writeOverdueCheckpoint()
            wakeUps.send(())
        }
    }

    /// Finishes what is being written, refuses what waits with `.closed`, and closes the local log.
    public func close() async throws {
        guard !isClosed else { return }
        isClosed = true
        await pump?.value
        await refusalWriter?.value
        failWaiting(LedgerLogError(.closed, "The ledger was closed; submit again when the node is back"))
        waiters.close()
        wakeUps.close()
        standingNews.close()
        checkpointStates.news.close()
        try signatures?.close()
        try await gate.run { try await local.close() }
    }

    // MARK: What the ordering and the following side share

    func checkOpen() throws {
        if isClosed { throw LedgerLogError(.closed, "The ledger is closed") }
        if let failure { throw failure }
    }

    /// Writes applied entries, which follow each other, to the local log and publishes the state after the last. The
    /// caller holds the gate.
    func commit(_ entries: [AppliedEntry]) async throws {
        guard let first = entries.first?.entry, let last = entries.last else { return }
        let start = ContinuousClock.now
        let records = entries.map(\.record)
        // In a task of its own: a cancelled caller must not leave it open whether the entries were written.
        let write = Task { @concurrent [local] in try await local.append(records) }
        do {
            try await write.value
        } catch {
            try await settleFailedAppend(first, last.entry, error)
        }
        metrics.recordAppend(last.state.sequence, ContinuousClock.now - start)
        for entry in entries { publish(entry) }
    }

    func publish(_ applied: AppliedEntry) {
        let entry = applied.entry
        clockWatch.note(
            entry: entry.timeMilliseconds, isOthers: entry.sequencer != node, wall: now(), uptime: uptime(),
            lastEntry: state.timeMilliseconds, bound: settings.maxClockLead)
        publish(applied.state, applied.certificate)
    }

    func publish(_ state: LedgerState, _ certificate: Certificate? = nil) {
        published.withLock { $0.state = state }
        checkpointStates.note(certificate)
        checkpointStates.note(state)
        waiters.advance(to: state.sequence)
    }

    /// Stops all additions for good and says so loudly. Evidence is kept in the local log.
    ///
    /// - Parameter entry: What a sequencer signed that is wrong; whoever replays the ledger sees that it is.
    func halt(_ reason: LedgerLogError, over entry: Entry? = nil) async {
        let isFirst = published.withLock { published in
            guard published.failure == nil else { return false }
            published.failure = reason
            return true
        }
        guard isFirst else { return }
        metrics.countHalt()
        var metadata: Logger.Metadata = ["reason": "\(reason)"]
        if let report = reason.evidence?.logged ?? entry?.logged { metadata.merge(report) { first, _ in first } }
        logger.critical("The ledger halts; content is served on", metadata: metadata)
        failWaiting(reason)
        if case .leading = standing { publish(.vacant) }
        guard let evidence = reason.evidence else { return }
        // In a task of its own: whoever found the fork may be cancelled, and a restart must know of it.
        let keeping = Task { @concurrent [local] in try await local.keep(evidence) }
        do {
            try await keeping.value
        } catch {
            logger.error("The evidence of the fork could not be kept", metadata: ["error": "\(error)"])
        }
    }

    func failWaiting(_ error: LedgerLogError) {
        draft = nil
        submissions.failAll(error)
    }

    /// Returns if the entries are in the local log after all. The caller holds the gate.
    func settleFailedAppend(_ first: Entry, _ last: Entry, _ error: any Error) async throws {
        let head: LogHead
        do {
            head = try await Task { @concurrent [local] in try await local.head() }.value
        } catch {
            let failure = LedgerLogError(
                .logUnusable,
                "Cannot tell whether entry \(last.sequence) is in the log: \(error). Check the disk, restart")
            await halt(failure)
            throw failure
        }
        if head.sequence == last.sequence, head.hash == last.hash { return }
        guard head.sequence == state.sequence, head.hash == state.headHash else {
            let failure = LedgerLogError(
                .conflict, "Another writer moved the log to \(head.sequence); stop it, then restart this node")
            await halt(failure)
            throw failure
        }
        throw LedgerLogError(
            .appendFailed, "Entry \(first.sequence) could not be written: \(error). Check the disk, then submit again")
    }
}
