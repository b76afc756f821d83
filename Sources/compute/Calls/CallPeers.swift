public import Identity
public import NIOCore
public import Peering
public import Wire

/// How calls reach other nodes.
public struct CallPeers: Sendable {
    /// Returns when the node can be asked; throws `PeerError` if it cannot be reached.
    public var connect: @Sendable (NodeID) async throws -> Void
    /// Sends a request. When it returns, the request is under way, before all that are sent later; the future has the
    /// answer's body, or fails with `PeerError`. Throws `PeerError`.
    public var send: @Sendable (NodeID, FrameType, ByteBuffer, TimeAmount) async throws -> EventLoopFuture<ByteBuffer>

    public init(
        connect: @escaping @Sendable (NodeID) async throws -> Void,
        send:
            @escaping @Sendable (NodeID, FrameType, ByteBuffer, TimeAmount) async throws -> EventLoopFuture<ByteBuffer>
    ) {
        self.connect = connect
        self.send = send
    }

    /// Sends a request; its answer's body. Throws `PeerError`.
    public func ask(
        _ node: NodeID, _ type: FrameType, _ body: ByteBuffer, _ timeout: TimeAmount
    ) async throws -> ByteBuffer {
        try await send(node, type, body, timeout).get()
    }
}

extension CallPeers {
    /// Over the authenticated connections of `peers`.
    public init(_ peers: PeerNetwork) {
        connect = { node in _ = try await peers.connection(to: node) }
        send = { node, type, body, timeout in
            let connection = try await peers.connection(to: node)
            return connection.request(type, body, timeout: timeout).flatMapThrowing { frame in
                // A voucher is acknowledged as links are; every other request has an answer of its own.
                let expected = type == .handVoucher ? FrameType.acknowledged.rawValue : type.rawValue + 1
                guard frame.type.rawValue == expected else {
                    throw PeerError(.protocolViolation, "Node \(node.short) answered \(type) with \(frame.type)")
                }
                return frame.body
            }
        }
    }
}
