import NIOCore
import Streams

/// WebSocket over one stream (RFC 8441). Whoever answers sees the handshake of HTTP/1.1.
extension HTTP2Stream {
    /// What a client that asks for another protocol is answered: that it may, with 200 and without the handshake of
    /// HTTP/1.1; or that it may not.
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

    /// The answer's head is written: raw bytes both ways from now on.
    func begin(_ tunnel: GatewayTunnel) {
        phase = .tunnelling
        let fromClient = makeInbound(isTunnel: true)
        tunnel.start(fromClient)
        fromClient.append(body)
        body = ByteBuffer()
        if isReceived { fromClient.finish() }
        start(FlowPump(tunnel.toClient, on: connection.loop, owner: self))
    }
}
