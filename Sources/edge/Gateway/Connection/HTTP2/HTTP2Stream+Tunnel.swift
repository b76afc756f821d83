import NIOCore
import NIOHTTP2
import Streams

/// WebSocket over one stream (RFC 8441). Whoever answers sees the handshake of HTTP/1.1.
extension HTTP2Stream {
    /// Whether the client wants to speak another protocol on this stream.
    var asksForTunnel: Bool { head?.upgrade != nil }

    /// What such a client is answered: that it may, with 200 and without the handshake of HTTP/1.1; or that it may not.
    func settled(_ reply: Reply) -> Reply {
        guard asksForTunnel else {
            guard case .tunnel(let tunnel) = reply.body else { return reply }
            tunnel.toClient.stop()
            return dispatcher.failure(
                GatewayError(.internalError, "The answer is for another protocol", origin: .node), head, reply.kind)
        }
        guard case .tunnel(let tunnel) = reply.body else {
            guard (200..<300).contains(reply.status) else { return reply }
            // To this client it would mean that the other side speaks WebSocket (RFC 9113 section 8.5).
            reply.abandon()
            return dispatcher.failure(
                GatewayError(.unknownMethod, "Nothing here speaks WebSocket", origin: .client), head, reply.kind)
        }
        let key = head?.fields.first("sec-websocket-key") ?? ""
        guard reply.fields.first(where: { $0.name == "sec-websocket-accept" })?.value == WebSocketKey.accept(key) else {
            tunnel.toClient.stop()
            return dispatcher.failure(
                GatewayError(.functionBadResponse, "The answer accepts no WebSocket, or another one", origin: .origin),
                head, reply.kind)
        }
        var reply = reply
        reply.status = 200
        reply.fields.removeAll { ["upgrade", "sec-websocket-accept"].contains($0.name) }
        return reply
    }

    /// The answer's head is sent: raw bytes both ways from now on.
    func begin(_ tunnel: GatewayTunnel, on loop: any EventLoop) {
        phase = .tunnelling
        let stream = NIOLoopBound(self, eventLoop: loop)
        let fromClient = ByteStream(
            onTake: { _ in loop.execute { stream.value.tunnelMoved() } },
            onStop: { loop.execute { stream.value.reset(.cancel) } })
        self.fromClient = fromClient
        tunnel.start(fromClient)
        if isReceived { fromClient.finish() }
        start(FlowPump(tunnel.toClient, on: loop, owner: self))
        resumeReading()
    }

    /// Whether more of the client's bytes may come.
    var tunnelHasRoom: Bool {
        // Before anybody takes them they wait in the stream's window.
        guard let fromClient else { return !asksForTunnel }
        return fromClient.bufferedBytes < Upload.windowBytes
    }

    private func tunnelMoved() {
        guard phase == .tunnelling else { return }
        progress = .now()
        resumeReading()
    }

    /// The other side's half is closed.
    func endTunnelOutput() {
        isOutputEnded = true
        let end = HTTP2Frame.FramePayload.Data(data: .byteBuffer(ByteBuffer()), endStream: true)
        context?.writeAndFlush(Self.wrapOutboundOut(.data(end)), promise: nil)
    }

    /// The stream is gone.
    func breakTunnel() {
        fromClient?.fail(GatewayTunnel.Broken())
        fromClient = nil
    }
}
