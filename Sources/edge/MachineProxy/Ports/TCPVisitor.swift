import Gateway
import NIOCore
import Streams

/// One visitor's raw connection and the tunnel behind it. Used on its event loop only.
final class TCPVisitor: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let windowBytes: Int
    private let idleTimeout: TimeAmount
    private let connect: TCPEntrance.Connect
    private var context: ChannelHandlerContext?
    private var fromClient: ByteStream?
    private var toClient: ByteStream?
    private var isFetching = false
    private var readIsHeld = false
    private var inputIsClosed = false
    private var outputIsClosed = false
    private var lastUse = NIODeadline.now()
    private var timer: Scheduled<Void>?

    init(windowBytes: Int, idleTimeout: TimeAmount, connect: @escaping TCPEntrance.Connect) {
        self.windowBytes = windowBytes
        self.idleTimeout = idleTimeout
        self.connect = connect
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) { begin(context) }

    private func begin(_ context: ChannelHandlerContext) {
        guard timer == nil else { return }
        watch(context)
        let client = context.remoteAddress?.ipAddress ?? "unknown"
        connect(client, context.eventLoop).hop(to: context.eventLoop).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let tunnel): self.open(tunnel)
            case .failure: context.close(promise: nil)
            }
        }
    }

    private func open(_ tunnel: GatewayTunnel) {
        guard let context, context.channel.isActive else { return tunnel.toClient.stop() }
        let (bound, loop) = (NIOLoopBound(self, eventLoop: context.eventLoop), context.eventLoop)
        let stream = ByteStream(
            window: windowBytes, onTake: { _ in loop.execute { bound.value.taken() } },
            onStop: { loop.execute { bound.value.context?.close(promise: nil) } })
        fromClient = stream
        toClient = tunnel.toClient
        tunnel.start(stream)
        context.read()
        pump()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastUse = .now()
        fromClient?.append(Self.unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) { readOn() }

    private func readOn() {
        guard let fromClient, !inputIsClosed else { return }
        readIsHeld = fromClient.bufferedBytes >= windowBytes
        if !readIsHeld { context?.read() }
    }

    private func taken() {
        lastUse = .now()
        if readIsHeld { readOn() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed? = event as? ChannelEvent else { return }
        inputIsClosed = true
        fromClient?.finish()
        if outputIsClosed { context.close(promise: nil) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) { pump() }

    private func pump() {
        guard let context, let toClient, !isFetching, context.channel.isWritable else { return }
        isFetching = true
        toClient.next(on: context.eventLoop).assumeIsolated().whenComplete { result in
            self.isFetching = false
            guard let context = self.context else { return }
            self.lastUse = .now()
            switch result {
            case .success(let part?):
                context.writeAndFlush(Self.wrapOutboundOut(part), promise: nil)
                self.pump()
            case .success(nil):
                self.toClient = nil
                self.outputIsClosed = true
                if self.inputIsClosed {
                    context.close(promise: nil)
                } else {
                    context.close(mode: .output, promise: nil)
                }
            case .failure: context.close(promise: nil)
            }
        }
    }

    /// Ends what has stood still for too long; one timer that looks again when there was use.
    private func watch(_ context: ChannelHandlerContext) {
        let left = lastUse + idleTimeout - .now()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: max(left, .milliseconds(1))) {
            guard let context = self.context else { return }
            if .now() - self.lastUse >= self.idleTimeout { return context.close(promise: nil) }
            self.watch(context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) { end() }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    private func end() {
        timer?.cancel()
        fromClient?.fail(GatewayTunnel.Broken())
        fromClient = nil
        toClient?.stop()
        toClient = nil
    }
}
