import Identity
import Ledger
import LedgerLog
import Membership
import NIOCore
import Peering
import Synchronization
import Wire

/// The other nodes, as the key-value stores see them.
protocol KVNetwork: Sendable {
    /// The homes of an app (`<owner>/<name>`); nil if the ledger knows no such app.
    func homes(of app: String) -> KVHomes?

    /// Another number when other nodes take part.
    var roster: Int { get }

    /// Homes and former homes of the apps that this node is a home of.
    func companions() -> [NodeID]

    /// Whether a node is believed alive.
    func isUsable(_ node: NodeID) -> Bool

    /// Rises when others took this node for dead and heard that it is not.
    var life: UInt64 { get }

    /// What is found out about others.
    func changes() -> AsyncStream<MembershipEvent>

    /// Sends a request; its answer's body.
    ///
    /// - Throws: `PeerError`.
    func ask(_ node: NodeID, _ type: FrameType, _ body: ByteBuffer, timeout: TimeAmount) async throws -> ByteBuffer
}

/// The nodes of the ledger.
final class LedgerKVNetwork: KVNetwork {
    private struct Cache {
        var sequence: UInt64?
        var participants: [NodeID] = []
        var arrivals: [NodeID: Int] = [:]
        var leavers: [NodeID] = []
        var homes: [AppName: KVHomes] = [:]

        mutating func follow(_ state: LedgerState) {
            guard sequence != state.sequence else { return }
            sequence = state.sequence
            participants = state.participants.map(\.id)
            arrivals = LedgerKVNetwork.arrivals(state)
            leavers = state.nodes.map(\.id).filter { LedgerDirectory.isLeaving($0, state) }
            homes = [:]
        }
    }

    private let node: NodeID
    private let keeper: LedgerKeeper
    private let membership: Membership
    private let peers: PeerNetwork
    private let cache = Mutex(Cache())

    init(node: NodeID, keeper: LedgerKeeper, membership: Membership, peers: PeerNetwork) {
        self.node = node
        self.keeper = keeper
        self.membership = membership
        self.peers = peers
    }

    func homes(of app: String) -> KVHomes? {
        let parts = app.split(separator: "/", omittingEmptySubsequences: false)
        let state = keeper.state
        guard parts.count == 2, let name = AppName(String(parts[1])), let owner = state.name(name)?.owner,
            owner.description == parts[0]
        else { return nil }
        return homes(of: name, state)
    }

    func companions() -> [NodeID] {
        let state = keeper.state
        var found: Set<NodeID> = []
        for record in state.names {
            let homes = homes(of: record.name, state)
            if homes.contains(node) { found.formUnion(homes.nodes + homes.former) }
        }
        found.remove(node)
        return found.sorted()
    }

    var roster: Int {
        let state = keeper.state
        return cache.withLock { cache in
            cache.follow(state)
            return cache.participants.hashValue
        }
    }

    /// Homes change with the ledger only, and are asked for with each call.
    private func homes(of name: AppName, _ state: LedgerState) -> KVHomes {
        cache.withLock { cache in
            cache.follow(state)
            if let known = cache.homes[name] { return known }
            let homes = KVHomes(
                of: name.description, among: cache.participants, arrivals: cache.arrivals, leavers: cache.leavers,
                copies: Int(state.parameters.replicas))
            cache.homes[name] = homes
            return homes
        }
    }

    /// The nodes that came no more epochs ago than stakes are locked for, numbered in their order.
    private static func arrivals(_ state: LedgerState) -> [NodeID: Int] {
        let recent = state.participants.compactMap { node -> (epoch: UInt64, sequence: UInt64, node: NodeID)? in
            guard case .since(let epoch) = node.participation, epoch > 0 || node.registeredSequence > 0 else {
                return nil
            }
            let (age, isAhead) = state.epoch.number.subtractingReportingOverflow(epoch)
            guard !isAhead, age <= UInt64(state.parameters.unstakeLockEpochs) else { return nil }
            return (epoch, node.registeredSequence, node.id)
        }
        let ordered = recent.sorted { ($0.epoch, $0.sequence) < ($1.epoch, $1.sequence) }
        return Dictionary(uniqueKeysWithValues: ordered.enumerated().map { ($1.node, $0 + 1) })
    }

    func isUsable(_ node: NodeID) -> Bool { membership.isUsable(node) }

    var life: UInt64 { membership.incarnation }

    func changes() -> AsyncStream<MembershipEvent> { membership.changes() }

    func ask(_ node: NodeID, _ type: FrameType, _ body: ByteBuffer, timeout: TimeAmount) async throws -> ByteBuffer {
        let connection = try await peers.connection(to: node)
        let frame = try await connection.request(type, body, timeout: timeout).get()
        guard frame.type.rawValue == type.rawValue + 1 else {
            throw PeerError(.protocolViolation, "Node \(node.short) answered \(type) with \(frame.type)")
        }
        return frame.body
    }
}
