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
    private let flag: OpenFlag

    init(peer: NodeID, channel: any Channel, handler: NIOLoopBound<PeerHandler>, flag: OpenFlag) {
        self.peer = peer
        self.channel = channel
        self.handler = handler
        self.flag = flag
    }

    /// The loop that this connection's reads happen on.
    public var eventLoop: any EventLoop { channel.eventLoop }

    /// Whether requests can still be sent.
    public var isOpen: Bool { flag.isOpen && channel.isActive }

    /// Sends a request; requests beyond ``PeerLimits/maxRequestsInFlight`` wait for their turn.
    ///
    /// - Parameter timeout: From when the request is on the wire; nil for ``PeerLimits/requestTimeout``.
    /// - Returns: The answer's frame, on ``eventLoop``. Fails with a ``PeerError``: the peer's own code, a time-out, or
    ///   the end of the connection.
    public func request(_ type: FrameType, _ body: ByteBuffer, timeout: TimeAmount? = nil) -> EventLoopFuture<Frame> {
        if eventLoop.inEventLoop { return send(type, body, timeout) }
        return eventLoop.flatSubmit { self.send(type, body, timeout) }
    }

    /// Sends a protobuf request and reads the answer as `Reply`.
    ///
    /// - Throws: ``PeerError``, or `CancellationError` as soon as the task is cancelled; the request itself then ends
    ///   by its time-out.
    public func call<Reply: Message & Sendable>(
        _ type: FrameType, _ message: some Message, expecting reply: FrameType, as: Reply.Type = Reply.self,
        timeout: TimeAmount? = nil
    ) async throws -> Reply {
        let body = try ByteBuffer(message: message)
        let answer = eventLoop.makePromise(of: Frame.self)
        request(type, body, timeout: timeout).cascade(to: answer)
        let frame = try await withTaskCancellationHandler {
            try await answer.futureResult.get()
        } onCancel: {
            answer.fail(CancellationError())
        }
        guard frame.type == reply else {
            throw PeerError(.protocolViolation, "Node \(peer.short) answered \(type) with \(frame.type)")
        }
        return try frame.body.message(Reply.self)
    }

    /// Ends the connection; requests in flight fail.
    public func close() {
        flag.clear()
        eventLoop.execute { self.handler.value.fail(PeerError(.closed, "This node closed the connection")) }
    }

    private func send(_ type: FrameType, _ body: ByteBuffer, _ timeout: TimeAmount?) -> EventLoopFuture<Frame> {
        handler.value.request(type, body, timeout: timeout, on: eventLoop)
    }
}
