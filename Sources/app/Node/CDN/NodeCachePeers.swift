import EdgeCache
import Identity
import Ledger
import LedgerLog
import Membership
import NIOCore
import Peering
import Placement
import Synchronization
import Wire

/// The nodes of the ledger, as the cache sees them.
final class NodeCachePeers: CachePeers {
    let node: NodeID
    private let keeper: LedgerKeeper
    private let membership: Membership
    private let peers: PeerNetwork

    init(node: NodeID, keeper: LedgerKeeper, membership: Membership, peers: PeerNetwork) {
        self.node = node
        self.keeper = keeper
        self.membership = membership
        self.peers = peers
    }

    func order(for key: String) -> [NodeID] { Rendezvous.order([node] + others(), for: key) }

    func others() -> [NodeID] {
        keeper.state.participants.map(\.id).filter { $0 != node && membership.isUsable($0) }
    }

    func returns() -> AsyncStream<NodeID> {
        let changes = membership.changes()
        return AsyncStream { continuation in
            let task = Task {
                for await change in changes where change.to.isUsable { continuation.yield(change.node) }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    func ask(
        _ node: NodeID, _ type: FrameType, _ body: ByteBuffer, timeout: TimeAmount
    ) async throws -> ByteBuffer {
        let connection = try await peers.connection(to: node)
        let frame = try await connection.request(type, body, timeout: timeout).get()
        guard frame.type.rawValue == type.rawValue + 1 else {
            throw PeerError(.protocolViolation, "Node \(node.short) answered \(type) with \(frame.type)")
        }
        return frame.body
    }
}
