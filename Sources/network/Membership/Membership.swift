public import Foundation
public import Identity
public import Logging
public import NIOCore
public import Peering
import Synchronization

/// Which nodes of the ledger are alive, how far away they are, and who goes and comes.
///
/// Each node probes the others by turns, asks for help when one does not answer, and passes on what it learns.
/// Everybody believes in a crash only after checking it. All nodes of the ledger count as alive until found otherwise.
/// Safe to use from any thread; nothing here is durable.
public final class Membership: Sendable {
    struct State {
        var core: SignedCore
        /// The ledger's nodes as they were last seen.
        var listed: [NodeID] = []
        /// Peers that wait for the end of an indirect probe, by the number that this node gave it.
        var waiting: [UInt64: EventLoopPromise<PeerReply>] = [:]
        var lastRequest: UInt64 = 0
        var isRunning = false
        var readers: [UInt64: AsyncStream<MembershipEvent>.Continuation] = [:]
        var lastReader: UInt64 = 0
    }

    /// This node.
    public let node: NodeID
    let settings: MembershipSettings
    let peers: PeerNetwork
    let directory: any PeerDirectory
    let group: any EventLoopGroup
    let logger: Logger
    let metrics = MembershipMetrics()
    let state: Mutex<State>
    private let start = ContinuousClock.now

    /// - Parameters:
    ///   - key: This node's key; it signs the incarnations.
    ///   - network: The hash of the genesis, 32 bytes; part of what is signed.
    ///   - peers: How the others are reached. Its handler must pass requests to ``serve(_:on:)``.
    ///   - directory: Who takes part; looked at anew every
    ///     ``MembershipSettings/ledgerInterval``.
    public init(
        key: SigningKey, network: Data, peers: PeerNetwork, directory: any PeerDirectory,
        settings: MembershipSettings = .init(), group: any EventLoopGroup, logger: Logger
    ) {
        node = key.publicKey.node
        self.settings = settings
        self.peers = peers
        self.directory = directory
        self.group = group
        self.logger = logger
        let listed = directory.nodes
        let swim = SwimCore(
            self: node, incarnation: Membership.wallMillis, roster: MemberRoster(listed), settings: settings,
            random: SystemRandomNumberGenerator(), now: .zero)
        state = Mutex(State(core: SignedCore(key: key, network: network, swim: swim), listed: listed))
    }

    // MARK: Looking

    /// All nodes of the ledger but this one, in the order of their ids.
    public var members: [Member] {
        let now = now
        return state.withLock { $0.core.swim.members(now: now) }
    }

    /// What this node believes of `node`. A node of the ledger that was never heard of is alive; one that is not on the
    /// ledger has left.
    public func state(of node: NodeID) -> MemberState { state.withLock { $0.core.swim.state(of: node) } }

    /// Whether requests to `node` make sense: it is alive or suspect.
    public func isUsable(_ node: NodeID) -> Bool { state(of: node).isUsable }

    /// The other nodes of the ledger that say that they have no room for all that they are to keep.
    public var fullNodes: Set<NodeID> { state.withLock { Set($0.core.swim.fullMembers) } }

    /// Tells the others from now on whether this node has room for all that it is to keep; it has until told otherwise. They
    /// hear of it within seconds, more of them later.
    public func setFull(_ isFull: Bool) { state.withLock { $0.core.swim.setFull(isFull) } }

    /// The round trip to `node`: as probes measured it, else as coordinates predict it; nil if it was never heard of.
    public func estimatedRoundTrip(to node: NodeID) -> Duration? {
        state.withLock { $0.core.swim.estimatedRoundTrip(to: node) }
    }

    /// Where this node is in the latency space.
    public var coordinate: Coordinate { state.withLock { $0.core.swim.coordinate } }

    /// Which life this node is in.
    public var incarnation: UInt64 { state.withLock { $0.core.swim.incarnation } }

    /// Every change from now on. A reader that falls behind by more than ``MembershipSettings/maxUnreadEvents`` loses
    /// the oldest. Ends with ``run()``.
    public func changes() -> AsyncStream<MembershipEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: MembershipEvent.self, bufferingPolicy: .bufferingNewest(max(1, settings.maxUnreadEvents)))
        let id = state.withLock { state in
            state.lastReader += 1
            state.readers[state.lastReader] = continuation
            return state.lastReader
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.readers.removeValue(forKey: id) }
        }
        return stream
    }

    // MARK: Time

    /// Since this object was made.
    var now: Duration { ContinuousClock.now - start }

    /// Milliseconds since 1970; 0 if the clock is before.
    static var wallMillis: UInt64 { UInt64(max(0, Date().timeIntervalSince1970 * 1_000)) }
}
