import Logging
import NIOCore
import NIOHPACK
import NIOHTTP2
import Streams

/// One request of an HTTP/2 connection and its answer.
///
/// The client is read no further while its body waits for whoever takes it, and an answer's content is read no further
/// while the client's window, or the connection, is full. Trailers are dropped.
final class HTTP2Stream: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = Never
    typealias OutboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    enum Phase {
        case waiting, receiving, answering, tunnelling, answered, closed
    }

    let connection: HTTP2Connection
    var dispatcher: Dispatcher { connection.dispatcher }
    var settings: Gateway.Settings { connection.dispatcher.settings }

    var context: ChannelHandlerContext?
    var phase = Phase.waiting
    var head: HTTPRequestHead?
    var destination = Destination.server
    let cancellation = Cancellation()
    /// The client has sent everything.
    var isReceived = false
    var body = ByteBuffer()
    /// Of the request while it is received, then of the answer.
    var bodyBytes = 0
    var upload: Upload?
    var reply: Reply?
    var pump: (any Pump)?
    /// The client's bytes of a tunnel.
    var fromClient: ByteStream?
    /// All that the other side of a tunnel had to say is written.
    var isOutputEnded = false
    /// The answer's head, until the first bytes of its body are there.
    var waitingHead: HPACKHeaders?
    let started = NIODeadline.now()
    var progress = NIODeadline.now()
    private var readIsHeld = false

    init(_ connection: HTTP2Connection) { self.connection = connection }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) { end() }

    /// Lets go of everything; the stream is gone.
    private func end() {
        guard phase != .closed else { return }
        let wasAnswering = phase == .answering
        let wasTunnelling = phase == .tunnelling
        phase = .closed
        breakUpload()
        breakTunnel()
        cancellation.cancel()
        pump?.close()
        pump = nil
        if wasAnswering, let reply { record(reply, broken: true) }
        if wasTunnelling, let reply { record(reply) }
        connection.remove(self)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .headers(let headers):
            if phase == .waiting { begin(headers.headers, isComplete: headers.endStream, context) }
            if headers.endStream { finishReceiving() }
        case .data(let part):
            guard case .byteBuffer(let bytes) = part.data else { return }
            if bytes.readableBytes > 0 { take(bytes) }
            if part.endStream { finishReceiving() }
        default: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // A body of unknown length whose end did not come with this read may take its time.
        if phase == .receiving, case .chunked? = head?.body { beginUpload() }
    }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { readIsHeld = true }
    }

    private var mayRead: Bool { upload?.hasRoom ?? tunnelHasRoom }

    /// Goes on with what was held back.
    func resumeReading() {
        guard readIsHeld, mayRead, let context else { return }
        readIsHeld = false
        context.read()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        progress = .now()
        if context.channel.isWritable { pump?.run() }
    }

    /// Ends the stream if its client has been too slow, or its answer too long in the making.
    func check(_ now: NIODeadline) {
        switch phase {
        case .waiting, .closed: break
        case .receiving:
            let seconds = Int64(bodyBytes / max(1, settings.minBodyBytesPerSecond))
            guard now >= progress + TimeAmount(settings.bodyTimeout) + .seconds(seconds) else { return }
            refuseSlowBody()
        case .answering: checkAnswer(now)
        case .tunnelling:
            let limit = pumpMayWrite ? settings.tunnelIdleTimeout : settings.writeTimeout
            if now >= progress + TimeAmount(limit) { reset(.cancel) }
        case .answered:
            // Sent, as far as we are concerned; the client takes it or goes.
            if now >= progress + TimeAmount(settings.writeTimeout) { reset(.cancel) }
        }
    }

    private func checkAnswer(_ now: NIODeadline) {
        if let late = upload?.deadline(settings), now >= late {
            guard reply == nil else { return reset(.cancel) }
            return refuseSlowBody()
        }
        let isStalled = pump != nil && !pumpMayWrite
        guard now >= progress + TimeAmount(isStalled ? settings.writeTimeout : settings.answerTimeout) else { return }
        guard reply == nil, !isStalled else { return reset(isStalled ? .cancel : .internalError) }
        refuse(
            GatewayError(
                .answerTimeout, "Nothing answered within \(settings.answerTimeout); try again", origin: .node))
    }

    private func refuseSlowBody() {
        let message = "The body came slower than \(settings.minBodyBytesPerSecond) bytes a second"
        refuse(GatewayError(.requestTimeout, message, origin: .client))
    }

    /// Ends the stream without completing what it sends.
    func reset(_ code: HTTP2ErrorCode) {
        guard phase != .closed, let context else { return }
        context.writeAndFlush(Self.wrapOutboundOut(.rstStream(code)), promise: nil)
    }
}
