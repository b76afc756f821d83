import Identity
import NIOCore
import Peering
import Wire

/// How calls reach other nodes.
struct CallPeers: Sendable {
    /// Returns when the node can be asked; throws `PeerError` if it cannot be reached.
    var connect: @Sendable (NodeID) async throws -> Void
    /// Sends a request. When it returns, the request is under way, before all that are sent later; the future has the
    /// answer's body, or fails with `PeerError`. Throws `PeerError`.
    var send: @Sendable (NodeID, FrameType, ByteBuffer, TimeAmount) async throws -> EventLoopFuture<ByteBuffer>

    /// Sends a request; its answer's body. Throws `PeerError`.
    func ask(_ node: NodeID, _ type: FrameType, _ body: ByteBuffer, _ timeout: TimeAmount) async throws -> ByteBuffer {
        try await send(node, type, body, timeout).get()
    }
}

extension CallPeers {
    /// Over the authenticated connections of `peers`.
    init(_ peers: PeerNetwork) {
        connect = { node in _ = try await peers.connection(to: node) }
        send = { node, type, body, timeout in
            let connection = try await peers.connection(to: node)
            return connection.request(type, body, timeout: timeout).flatMapThrowing { frame in
                guard frame.type.rawValue == type.rawValue + 1 else {
                    throw PeerError(.protocolViolation, "Node \(node.short) answered \(type) with \(frame.type)")
                }
                return frame.body
            }
        }
    }
}
