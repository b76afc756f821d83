import NIOCore
import Streams

/// After a 101: raw bytes both ways.
extension HTTP1Connection {
    /// The client's direction of a tunnel.
    struct Tunnel {
        let fromClient: ByteStream

        var hasRoom: Bool { fromClient.bufferedBytes < Upload.windowBytes }
    }

    /// Sends the 101 and hands the connection over.
    func begin(_ tunnel: GatewayTunnel, _ reply: Reply) {
        guard let context, let current, phase == .answering else { return reply.abandon() }
        var head = context.channel.allocator.buffer(capacity: HTTP1Encoder.usualHeadBytes)
        HTTP1Encoder.writeSwitch(reply, common: shared.common(isSecure: client.isSecure), to: &head)
        write(head)
        current.bodyBytes = 0
        streaming = reply
        phase = .tunnelling
        progress = .now()
        let loop = context.eventLoop
        let connection = NIOLoopBound(self, eventLoop: loop)
        let fromClient = ByteStream(
            onTake: { _ in loop.execute { connection.value.tunnelMoved() } },
            onStop: { loop.execute { connection.value.abort() } })
        self.tunnel = Tunnel(fromClient: fromClient)
        tunnel.start(fromClient)
        // What the client sent behind its request is the other protocol's already.
        fromClient.append(parser.takeRest())
        pump = FlowPump(tunnel.toClient, on: loop, owner: self)
        pump?.run()
        settle()
    }

    private func tunnelMoved() {
        guard phase == .tunnelling else { return }
        progress = .now()
        settle()
    }

    /// The client's half is closed.
    func endTunnelInput() {
        tunnel?.fromClient.finish()
        if isOutputClosed { abort() }
    }

    /// The other side's half is closed.
    func endTunnelOutput() {
        pump = nil
        closeOutput()
    }

    /// The connection is gone.
    func breakTunnel() {
        tunnel?.fromClient.fail(GatewayTunnel.Broken())
        tunnel = nil
    }
}
