public import Identity
public import NIOCore
public import SwiftProtobuf
public import Wire

/// An open, authenticated connection with a peer. Safe to use from any thread; everything runs on its event loop.
public final class PeerConnection: Sendable {
    /// Who is at the other end, proven by the TLS handshake and listed by the ledger.
    public let peer: NodeID
    let channel: any Channel
    private let handler: NIOLoopBound<PeerHandler>

    init(peer: NodeID, channel: any Channel, handler: NIOLoopBound<PeerHandler>) {
        self.peer = peer
        self.channel = channel
        self.handler = handler
    }

    /// The loop that this connection's reads happen on.
    public var eventLoop: any EventLoop { channel.eventLoop }

    /// Whether requests can still be sent.
    public var isOpen: Bool { channel.isActive }

    /// Sends a request.
    ///
    /// - Returns: The answer's frame, on ``eventLoop``. Fails with a ``PeerError``: the peer's own code, a time-out, or
    ///   the end of the connection.
    public func request(_ type: FrameType, _ body: ByteBuffer, timeout: TimeAmount? = nil) -> EventLoopFuture<Frame> {
        if eventLoop.inEventLoop { return send(type, body, timeout) }
        return eventLoop.flatSubmit { self.send(type, body, timeout) }
    }

    /// Sends a protobuf request and reads the answer as `Reply`.
    ///
    /// - Throws: ``PeerError``. Cancelling the task does not cancel the request; its time-out ends it.
    public func call<Reply: Message & Sendable>(
        _ type: FrameType, _ message: some Message, expecting reply: FrameType, as: Reply.Type = Reply.self,
        timeout: TimeAmount? = nil
    ) async throws -> Reply {
        let frame = try await request(type, try ByteBuffer(message: message), timeout: timeout).get()
        guard frame.type == reply else {
            throw PeerError(.protocolViolation, "Node \(peer.short) answered \(type) with \(frame.type)")
        }
        return try frame.body.message(Reply.self)
    }

    /// Ends the connection; requests in flight fail.
    public func close() { channel.close(promise: nil) }

    private func send(_ type: FrameType, _ body: ByteBuffer, _ timeout: TimeAmount?) -> EventLoopFuture<Frame> {
        let answer = handler.value.request(type, body, timeout: timeout)
        channel.flush()
        return answer
    }
}
