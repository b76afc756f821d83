import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes

/// Ends a connection with the answer that says so: first our half of it, then, so that a client which is still sending
/// can read the answer before a reset could destroy it, the rest. What comes in until then is thrown away.
final class LingeringClose: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Bytes of the body that are thrown away; what comes then is not read. More than the buffers of both sides hold.
    private static let maxBytes = 16 << 20
    /// How long the client has to take the answer and to close its half.
    private static let timeout = TimeAmount.seconds(2)

    private var isLast = false
    private var isLingering = false
    private var droppedBytes = 0
    private var deadline: Scheduled<Void>?

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch Self.unwrapOutboundIn(data) {
        case .head(let head): isLast = head.headerFields[.connection] == "close"
        case .end where isLast: return finish(context, data, promise)
        case .body, .end: break
        }
        context.write(data, promise: promise)
    }

    private func finish(_ context: ChannelHandlerContext, _ data: NIOAny, _ promise: EventLoopPromise<Void>?) {
        isLingering = true
        context.writeAndFlush(data, promise: promise)
        context.close(mode: .output, promise: nil)
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: LingeringClose.timeout) {
            context.close(promise: nil)
        }
        // Whoever took the body may have left off.
        read(context: context)
    }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    func read(context: ChannelHandlerContext) {
        if droppedBytes <= LingeringClose.maxBytes { context.read() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard isLingering else { return context.fireChannelRead(data) }
        if case .body(let bytes) = Self.unwrapInboundIn(data) { droppedBytes += bytes.readableBytes }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if isLingering { read(context: context) }
        context.fireChannelReadComplete()
    }
}
