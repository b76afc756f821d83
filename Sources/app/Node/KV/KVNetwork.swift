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
        var homes: [AppName: KVHomes] = [:]
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

    /// Homes change with the ledger only, and are asked for with each call.
    private func homes(of name: AppName, _ state: LedgerState) -> KVHomes {
        cache.withLock { cache in
            if cache.sequence != state.sequence {
                cache.sequence = state.sequence
                cache.participants = state.participants.map(\.id)
                cache.homes = [:]
            }
            if let known = cache.homes[name] { return known }
            let homes = KVHomes(
                of: name.description, among: cache.participants, copies: Int(state.parameters.replicas))
            cache.homes[name] = homes
            return homes
        }
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
