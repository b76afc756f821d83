public import Foundation
public import Identity
public import Logging
public import NIOCore
public import Peering
import Synchronization
import Wire

/// Who has which blob: publishes what this node provides, keeps other nodes' records, and looks providers up.
///
/// Nothing here is durable: after a restart the node provides again what it has, and others' records come back with
/// their next publication.
public final class Discovery: Sendable {
    struct State {
        var random = SystemRandomNumberGenerator()
        var store: RecordStore
        var tokens: WriteTokens
        var plan: PublishPlan
        var snapshot: ViewSnapshot
        var lastSequence: UInt64 = 0
        /// Tokens that other nodes gave to this one, and until when they are used.
        var peerTokens: [NodeID: (token: Data, until: Duration)] = [:]
        /// Requests of peers whose records are being verified.
        var storing: [NodeID: Int] = [:]
        var nextReplicaCheck: Duration
        var isWakeScheduled = false
        var wake: AsyncStream<Void>.Continuation?
        var statistics = DiscoveryStatistics()
    }

    /// Between two looks at the view, at what has expired and at what is due.
    private static let turnInterval = TimeAmount.seconds(1)
    /// Keys that are looked at for expired records in each turn: 250,000 in about a minute.
    private static let expiryKeys = 4_096
    /// Keys that are added under one hold of the lock, which event loops wait for.
    private static let keysPerHold = 256

    let key: SigningKey
    let network: Data
    let peers: PeerNetwork
    let view: any DiscoveryView
    let settings: DiscoverySettings
    let group: any EventLoopGroup
    let logger: Logger
    let clock: DiscoveryClock
    let life: RecordLife
    let verifier = RecordVerifier()
    let metrics = DiscoveryMetrics()
    let state: Mutex<State>

    /// - Parameters:
    ///   - key: Signs what this node publishes.
    ///   - network: The hash of the genesis, 32 bytes; records of other networks are refused.
    ///   - peers: The connections over which other nodes are asked; give ``serve(_:on:)`` what they ask.
    public convenience init(
        key: SigningKey, network: Data, peers: PeerNetwork, view: any DiscoveryView,
        settings: DiscoverySettings = .init(), group: any EventLoopGroup, logger: Logger
    ) {
        self.init(
            key: key, network: network, peers: peers, view: view, settings: settings, group: group, logger: logger,
            clock: .system)
    }

    package init(
        key: SigningKey, network: Data, peers: PeerNetwork, view: any DiscoveryView, settings: DiscoverySettings,
        group: any EventLoopGroup, logger: Logger, clock: DiscoveryClock
    ) {
        self.key = key
        self.network = network
        self.peers = peers
        self.view = view
        self.settings = settings
        self.group = group
        self.logger = logger
        self.clock = clock
        life = RecordLife(lifetime: settings.recordLifetime, clockTolerance: settings.clockTolerance)
        var random = SystemRandomNumberGenerator()
        let now = clock.now()
        state = Mutex(
            State(
                store: RecordStore(settings: settings, rankKey: .random(using: &random)),
                tokens: WriteTokens(rotation: settings.tokenRotation, now: now, using: &random),
                plan: PublishPlan(settings: settings), snapshot: ViewSnapshot(view),
                nextReplicaCheck: now + settings.replicaCheckInterval))
    }

    // MARK: Providing

    /// Publishes that this node has the blobs, about ``DiscoverySettings/coalescing`` later if ``run()`` is running,
    /// and again until they are withdrawn. Keys beyond ``DiscoverySettings/maxProvided`` are left out, which is
    /// logged.
    public func provide(_ keys: some Sequence<BlobID>) {
        var left = 0
        inPieces(keys) { state, key, now in
            if !state.plan.provide(key, now: now, using: &state.random) { left += 1 }
        }
        if left > 0 {
            logger.warning(
                "too many blobs to announce them all",
                metadata: ["left_out": "\(left)", "limit": "\(settings.maxProvided)"])
        }
        scheduleWake()
    }

    /// Publishes that this node no longer has the blobs. Keys that are not provided are ignored.
    public func withdraw(_ keys: some Sequence<BlobID>) {
        inPieces(keys) { state, key, now in state.plan.withdraw(key, now: now) }
        scheduleWake()
    }

    /// Makes these all keys that are provided behind `after`, up to and with `last`; nil for the begin and the end. What is
    /// provided there beside them is withdrawn.
    public func provideOnly(_ keys: [BlobID], after: BlobID?, through last: BlobID?) {
        let kept = Set(keys)
        let others = state.withLock { $0.plan.keys(after: after, through: last) }.filter { !kept.contains($0) }
        if !others.isEmpty { withdraw(others) }
        if !keys.isEmpty { provide(keys) }
    }

    private func inPieces(_ keys: some Sequence<BlobID>, _ body: (inout State, BlobID, Duration) -> Void) {
        var piece: [BlobID] = []
        func flush() {
            let now = clock.now()
            state.withLock { state in
                for key in piece { body(&state, key, now) }
            }
            piece.removeAll(keepingCapacity: true)
        }
        for key in keys {
            piece.append(key)
            if piece.count == Discovery.keysPerHold { flush() }
        }
        flush()
    }

    private func scheduleWake() {
        let isNew = state.withLock { state in
            if state.isWakeScheduled || state.wake == nil { return false }
            state.isWakeScheduled = true
            return true
        }
        guard isNew else { return }
        group.next().scheduleTask(in: .nanoseconds(settings.coalescing.nanoseconds)) { [weak self] in
            let wake = self?.state.withLock { state in
                state.isWakeScheduled = false
                return state.wake
            }
            wake?.yield()
        }
    }

    // MARK: Running

    /// Publishes what is due and forgets what has expired, until the task is cancelled. Run it once at a time.
    public func run() async {
        let (signal, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.wake = wake }
        let ticker = group.next().scheduleRepeatedTask(
            initialDelay: .nanoseconds(settings.coalescing.nanoseconds), delay: Discovery.turnInterval
        ) { _ in wake.yield() }
        for await _ in signal {
            repeat { tidy() } while await publishDue() && !Task.isCancelled
        }
        ticker.cancel()
        state.withLock { $0.wake = nil }
    }

    private func tidy() {
        refreshView()
        let now = clock.now()
        let (records, provided) = state.withLock { state in
            state.store.expire(now: now, keys: Discovery.expiryKeys)
            state.peerTokens = state.peerTokens.filter { $0.value.until > now }
            return (state.store.count, state.plan.count)
        }
        metrics.report(records: records, provided: provided)
        checkReplicas(now: now)
    }

    private func checkReplicas(now: Duration) {
        state.withLock { state in
            guard state.nextReplicaCheck <= now else { return }
            state.nextReplicaCheck = now + settings.replicaCheckInterval
            let space = state.snapshot.space
            state.plan.onView(now: now, using: &state.random) { replicas(of: $0, in: space) }
        }
    }

    /// Takes over the ledger's nodes if they have changed. Not for event loops: it sorts all of them.
    func refreshView() {
        guard state.withLock({ $0.snapshot.version }) != view.version else { return }
        let snapshot = ViewSnapshot(view)
        state.withLock { $0.snapshot = snapshot }
    }

    /// The other nodes that keep a key's records, nearest first.
    func replicas(of key: BlobID, in space: Keyspace) -> [NodeID] {
        space.replicas(of: Position(key.digest), count: settings.replicas) { $0 != peers.node && view.isUsable($0) }
    }

    // MARK: Seeing

    /// A copy of the counts of now.
    public var statistics: DiscoveryStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.records = state.store.count
            statistics.recordBytes = state.store.byteCount
            statistics.keys = state.store.keyCount
            statistics.provided = state.plan.count
            return statistics
        }
    }

    func count(_ code: DiscoveryError.Code) {
        metrics.refused(code)
        state.withLock { $0.statistics.refused[code.description, default: 0] += 1 }
    }
}

extension Duration {
    /// Nanoseconds, within some 290 years.
    var nanoseconds: Int64 {
        let seconds = min(max(components.seconds, 0), 9_000_000_000)
        return seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
