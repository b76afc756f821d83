public import Identity
public import NIOCore
import SwiftProtobuf
public import Wire

/// A request that a peer sent.
public struct PeerRequest: Sendable {
    /// Who asks: authenticated by the connection.
    public let peer: NodeID
    /// What is asked; an even value from 16 on.
    public let type: FrameType
    /// The request as it came, at most ``FrameHeader/maxBodyBytes``: see ``message(_:)``.
    public let body: ByteBuffer

    /// A request as a connection makes it.
    public init(peer: NodeID, type: FrameType, body: ByteBuffer) {
        self.peer = peer
        self.type = type
        self.body = body
    }
}

/// The answer to a ``PeerRequest``.
public struct PeerReply: Sendable {
    /// What the answer is, such as ``FrameType/block``.
    public let type: FrameType
    /// Protobuf, or the raw bytes of a block; at most ``FrameHeader/maxBodyBytes``, or the peer gets an error instead.
    public let body: ByteBuffer
    /// Called once, on the connection's loop: when the answer has left, or will not leave any more.
    public let onSent: (@Sendable () -> Void)?

    /// An answer with any body.
    public init(type: FrameType, body: ByteBuffer, onSent: (@Sendable () -> Void)? = nil) {
        self.type = type
        self.body = body
        self.onSent = onSent
    }
}

/// Answers what peers ask. Called on the connection's event loop: it must not block.
public protocol PeerRequestHandler: Sendable {
    /// Answers one request. A failure with a ``PeerError`` reaches the peer as its code and message; any other error
    /// reaches it as `peer/internal` without details.
    func handle(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply>
}
