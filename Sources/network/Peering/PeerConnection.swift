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
    private let link: LinkState
    private let agreement: PeerAgreement

    init(
        peer: NodeID, agreement: PeerAgreement, channel: any Channel, handler: NIOLoopBound<PeerHandler>,
        link: LinkState
    ) {
        self.peer = peer
        self.agreement = agreement
        self.channel = channel
        self.handler = handler
        self.link = link
    }

    /// The protocol version that both sides keep to, 1 and above: the older one of those that they prefer.
    public var protocolVersion: UInt32 { agreement.version }

    /// The optional features that both sides have.
    public var capabilities: PeerCapabilities { agreement.capabilities }

    /// The loop that this connection's reads happen on.
    public var eventLoop: any EventLoop { channel.eventLoop }

    /// Whether requests can still be sent.
    public var isOpen: Bool { link.isOpen && channel.isActive }

    /// Bytes that came from the peer so far: of answers that are still incomplete, the part that is here.
    public var receivedBytes: Int { link.receivedBytes }

    /// Sends a request; requests beyond ``PeerLimits/maxRequestsInFlight`` wait for their turn.
    ///
    /// - Parameters:
    ///   - timeout: From when the request is on the wire; nil for ``PeerLimits/requestTimeout``.
    ///   - label: Lets ``cancel(_:)`` find the request; unique among those on this connection.
    /// - Returns: The answer's frame, on ``eventLoop``. Fails with a ``PeerError``: the peer's own code, a time-out, or
    ///   the end of the connection. A code that only this side can produce never comes from the peer.
    public func request(
        _ type: FrameType, _ body: ByteBuffer, timeout: TimeAmount? = nil, label: RequestLabel? = nil
    ) -> EventLoopFuture<Frame> {
        if eventLoop.inEventLoop { return send(type, body, timeout, label) }
        return eventLoop.flatSubmit { self.send(type, body, timeout, label) }
    }

    /// Ends a request that has no answer yet: it fails with `peer/cancelled`, and the peer, if it was asked already, is
    /// told that it need not answer. Does nothing if there is no such request.
    public func cancel(_ label: RequestLabel) {
        if eventLoop.inEventLoop { return handler.value.cancel(label) }
        eventLoop.execute { self.handler.value.cancel(label) }
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
        link.clear()
        eventLoop.execute { self.handler.value.fail(PeerError(.closed, "This node closed the connection")) }
    }

    private func send(
        _ type: FrameType, _ body: ByteBuffer, _ timeout: TimeAmount?, _ label: RequestLabel?
    ) -> EventLoopFuture<Frame> {
        handler.value.request(type, body, timeout: timeout, label: label, on: eventLoop)
    }
}
