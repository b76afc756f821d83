import Blake3
public import Foundation
public import Identity
public import Ledger
public import Logging
import Synchronization

/// One node's ledger: replays the log, takes transactions (on the sequencer) or entries (elsewhere), and gives readers
/// consistent snapshots.
public actor LedgerKeeper {
    /// Bounds of a keeper.
    public struct Settings: Sendable {
        /// Transactions that may wait for the log. Default 4,096; more only hides an overload.
        public var maxQueuedTransactions = 4_096
        /// Their bytes, together. Default 16 MiB.
        public var maxQueuedBytes = 16 << 20
        /// Callers of ``LedgerKeeper/waitForSequence(_:timeout:)`` that may wait. Default 1,024.
        public var maxWaiters = 1_024
        /// Streams from ``LedgerKeeper/changes()`` that may be open. Default 64.
        public var maxSubscribers = 64
        /// Entries that one call may bring or ask for. Default 1,024.
        public var maxPageEntries = 1_024
        /// Bytes of entries that one call may ask for, and that a replay reads at once. Default 1 MiB.
        public var maxPageBytes = 1 << 20
        /// Bytes of entries that one call may bring. Default 16 MiB, so that peers may use larger pages.
        public var maxIngestBytes = 16 << 20

        /// The defaults.
        public init() {}
    }

    private struct Published {
        var state: LedgerState
        var failure: LedgerLogError?
    }

    /// Whether this node orders transactions.
    public nonisolated let isSequencer: Bool

    let log: any LedgerLog
    let key: SigningKey
    let settings: Settings
    let now: @Sendable () -> Int64
    let logger: Logger
    let metrics = KeeperMetrics()
    let gate = SerialGate()
    var submissions = SubmissionQueue()
    var isClosed = false
    private let clock: any Clock<Duration>
    private nonisolated let published: Mutex<Published>
    private nonisolated let waiters: SequenceWaiters
    var pump: Task<Void, Never>?

    /// Replays `log` from the genesis.
    ///
    /// A log that does not replay is no reason to throw: the keeper then holds the last good state, logs a critical
    /// line and names the reason in ``failure``.
    ///
    /// - Parameters:
    ///   - nodeKey: This node's key; it signs entries if the genesis names the node as the sequencer.
    ///   - clock: Measures the timeouts of long polls.
    ///   - now: The wall clock in milliseconds since 1970, which times entries.
    /// - Throws: What the log throws if it cannot be read.
    public static func open(
        log: any LedgerLog, genesis: Genesis, nodeKey: SigningKey, settings: Settings = Settings(),
        clock: any Clock<Duration> = ContinuousClock(),
        now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000) },
        logger: Logger = Logger(label: "skerry.ledger")
    ) async throws -> LedgerKeeper {
        let (state, failure) = try await Replay(log: log, settings: settings).run(genesis)
        let keeper = LedgerKeeper(log, state, nodeKey, settings, clock, now, logger)
        if let failure {
            await keeper.halt(failure)
        } else {
            logger.info(
                "The ledger is open",
                metadata: ["network": "\(genesis.networkID.short)", "sequence": "\(state.sequence)"])
        }
        return keeper
    }

    private init(
        _ log: any LedgerLog, _ state: LedgerState, _ key: SigningKey, _ settings: Settings,
        _ clock: any Clock<Duration>, _ now: @escaping @Sendable () -> Int64, _ logger: Logger
    ) {
        self.log = log
        self.key = key
        self.settings = settings
        self.clock = clock
        self.now = now
        self.logger = logger
        isSequencer = key.publicKey.node == state.genesis.sequencer
        published = Mutex(Published(state: state))
        waiters = SequenceWaiters(
            reached: state.sequence, maxWaiters: settings.maxWaiters, maxSubscribers: settings.maxSubscribers)
    }

    /// The state after the last durable entry: a few references, copied under a lock, quick enough for each request.
    public nonisolated var state: LedgerState { published.withLock { $0.state } }

    /// Why nothing more is added, if so: `.diverged`, `.forked`, `.conflict` or `.logUnusable`. A restart with a sound
    /// log clears it.
    public nonisolated var failure: LedgerLogError? { published.withLock { $0.failure } }

    /// Entries in ascending order from `sequence` on, as the log has them; empty past the head.
    ///
    /// - Parameter limit: Entries at most; ``Settings/maxPageEntries`` and ``Settings/maxPageBytes`` bound it too, but
    ///   one entry is returned whatever its size.
    public nonisolated func entries(from sequence: UInt64, limit: Int) async throws -> [Data] {
        try await log.entries(
            from: max(sequence, 1), limit: min(limit, settings.maxPageEntries), byteLimit: settings.maxPageBytes)
    }

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

    /// Finishes what is being written, refuses what waits with `.closed`, and closes the log.
    public func close() async throws {
        guard !isClosed else { return }
        isClosed = true
        await pump?.value
        submissions.failAll(LedgerLogError(.closed, "The ledger was closed; submit again when the node is back"))
        waiters.close()
        try await gate.run { try await log.close() }
    }

    // MARK: What the submitting and the following side share

    func checkOpen() throws {
        if isClosed { throw LedgerLogError(.closed, "The ledger is closed") }
        if let failure { throw failure }
    }

    /// Writes an applied entry and publishes its state. The caller holds the gate.
    func commit(_ entry: Entry, _ next: LedgerState, _ applied: [AppliedTransaction]) async throws {
        let start = ContinuousClock.now
        // In a task of its own: a cancelled caller must not leave it open whether the entry was written.
        let write = Task {
            do {
                try await self.log.append(LogRecord(entry: entry, applied: applied))
            } catch {
                try await self.settleFailedAppend(entry, error)
            }
        }
        try await write.value
        metrics.recordAppend(next.sequence, ContinuousClock.now - start)
        published.withLock { $0.state = next }
        waiters.advance(to: next.sequence)
    }

    /// Stops all additions for good and says so loudly.
    func halt(_ reason: LedgerLogError) {
        let isFirst = published.withLock { published in
            guard published.failure == nil else { return false }
            published.failure = reason
            return true
        }
        guard isFirst else { return }
        metrics.countHalt()
        logger.critical("The ledger halts; content is served on", metadata: ["reason": "\(reason)"])
    }

    /// Returns if the entry is in the log after all.
    private func settleFailedAppend(_ entry: Entry, _ error: any Error) async throws {
        let head: LogHead
        do {
            head = try await log.head()
        } catch {
            let failure = LedgerLogError(
                .logUnusable,
                "Cannot tell whether entry \(entry.sequence) is in the log: \(error). Check the disk, restart")
            halt(failure)
            throw failure
        }
        if head.sequence == entry.sequence, head.hash == entry.hash { return }
        guard head.sequence == state.sequence, head.hash == state.headHash else {
            let failure = LedgerLogError(
                .conflict, "Another writer moved the log to \(head.sequence); stop it, then restart this node")
            halt(failure)
            throw failure
        }
        throw LedgerLogError(
            .appendFailed, "Entry \(entry.sequence) could not be written: \(error). Check the disk, then submit again")
    }
}
