import Identity
import Ledger
import LedgerLog
import Logging

/// Writes snapshots of certified states and lets them take the place of old entries, on each node for its own log and on
/// the leader for a shared one.
actor LedgerSnapshots {
    /// Between two looks at the ledger.
    static let interval = Duration.seconds(1)
    /// The pause after a failure: a full disk or an engine that is away take a while.
    private static let retryPause = Duration.seconds(15)

    private let keeper: LedgerKeeper
    private let snapshots: SnapshotStore
    private let plan: SnapshotPlan
    private let logger: Logger
    /// A snapshot that is written and pinned, and waits until slow readers have had their time.
    private var pending: LogBase?
    /// The snapshot before the present one: somebody may be fetching it.
    private var previous: BlobID?
    private var pinned: [BlobID]?

    init(keeper: LedgerKeeper, snapshots: SnapshotStore, plan: SnapshotPlan, logger: Logger) {
        self.keeper = keeper
        self.snapshots = snapshots
        self.plan = plan
        self.logger = logger
    }

    /// Runs until cancelled.
    func run() async {
        while (try? await Task.sleep(for: LedgerSnapshots.interval)) != nil {
            guard keeper.failure == nil else { return }
            do {
                try await step()
            } catch {
                logger.error("no snapshot of the ledger could be kept", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: LedgerSnapshots.retryPause)
            }
        }
    }

    private func step() async throws {
        let base = try await keeper.base()
        // A snapshot from peers may have overtaken it.
        if let known = pending, known.sequence <= base?.sequence ?? 0 { pending = nil }
        try await keepPinned([previous, base?.snapshot, pending?.snapshot].compactMap { $0 })
        if let next = pending {
            guard plan.mayTruncate(to: next.sequence, head: keeper.state.sequence) else { return }
            try await keeper.truncate(to: next)
            pending = nil
            previous = base?.snapshot
            logger.notice("a snapshot took the place of old entries", metadata: ["sequence": "\(next.sequence)"])
        } else if let (certificate, state) = keeper.certified,
            plan.isDue(base: base?.sequence ?? 0, certified: state.sequence)
        {
            pending = try await write(state, certificate)
        }
    }

    private func write(_ state: LedgerState, _ certificate: Certificate) async throws -> LogBase {
        let (id, byteCount) = try await snapshots.write(state)
        let checkpoint = certificate.checkpoint
        return LogBase(
            sequence: checkpoint.sequence, hash: checkpoint.entryHash, stateRoot: checkpoint.stateRoot, snapshot: id,
            snapshotByteCount: UInt64(byteCount), certificate: certificate.bytes)
    }

    private func keepPinned(_ ids: [BlobID]) async throws {
        guard ids != pinned else { return }
        try await snapshots.replacePins(with: ids)
        pinned = ids
    }
}
