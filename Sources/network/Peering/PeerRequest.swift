public import Identity
public import NIOCore
import SwiftProtobuf
public import Wire

/// A request that a peer sent.
public struct PeerRequest: Sendable {
    /// Who asks: authenticated by the connection.
    public let peer: NodeID
    public let type: FrameType
    public let body: ByteBuffer

    public init(peer: NodeID, type: FrameType, body: ByteBuffer) {
        self.peer = peer
        self.type = type
        self.body = body
    }
}

/// The answer to a ``PeerRequest``.
public struct PeerReply: Sendable {
    public let type: FrameType
    public let body: ByteBuffer

    public init(type: FrameType, body: ByteBuffer) {
        self.type = type
        self.body = body
    }
}

/// Answers what peers ask. Called on the connection's event loop: it must not block.
public protocol PeerRequestHandler: Sendable {
    /// Answers one request. A failure with a ``PeerError`` reaches the peer as its code and message; any other error
    /// reaches it as `peer/internal` without details.
    func handle(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply>
}
