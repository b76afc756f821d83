import Logging
import NIOCore
import Streams

/// One HTTP/1.1 connection: bytes in, answers out, in order, one request at a time.
///
/// Everything happens on the channel's event loop. A request that can be answered from memory is parsed, answered and
/// written in one go; everything else parks the connection, which then reads no more than a little ahead.
final class HTTP1Connection: ChannelDuplexHandler, RemovableChannelHandler, GatewayConnection {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Phase {
        /// Between requests, or inside a head.
        case idle
        /// Inside a request's body.
        case receiving
        /// The answer is being made or sent.
        case answering
        /// The bytes are another protocol's.
        case tunnelling
        /// The last answer was given: what still comes in is thrown away.
        case lingering
        case closed
    }

    /// The request that is being received or answered.
    final class Current {
        let head: HTTPRequestHead
        let destination: Destination
        let started = NIODeadline.now()
        var body = ByteBuffer()
        var bodyBytes = 0
        let cancellation = Cancellation()

        init(head: HTTPRequestHead, destination: Destination) {
            self.head = head
            self.destination = destination
        }
    }

    let dispatcher: Dispatcher
    let shared: LoopContext
    let metrics: GatewayMetrics
    let recorder: AnswerRecorder
    let logger: Logger
    var settings: Gateway.Settings { dispatcher.settings }

    var context: ChannelHandlerContext?
    var client = ClientAddress(nil)
    var parser: HTTPRequestParser
    var phase = Phase.idle
    var current: Current?
    /// Answers that arrive for an earlier request are dropped by this number.
    var generation = 0
    var requestCount = 0

    var pump: (any Pump)?
    /// The body that goes to a function while it is being received.
    var upload: Upload?
    /// The answer has been sent, and the rest of the request's body still comes.
    var isAnswered = false
    /// The answer that `pump` sends, and its head until the first bytes of its body are there.
    var streaming: Reply?
    var streamingHead: ByteBuffer?
    var streamingCloses = false
    /// Whether the body goes out in chunks.
    var streamingChunks = false

    /// The client's bytes on their way to whoever took the connection over.
    var tunnel: Tunnel?

    /// What came of the beginning of an HTTP/2 connection, while it may still be one.
    var preface: ByteBuffer?
    private let isSecure: Bool
    /// This connection only says that there is no room.
    private let refuses: Bool
    /// As the channel said last: asking it for each request costs more than reading the request's head.
    private var isWritable = true
    private var isProcessing = false
    private var isHandlingRead = false
    private var readIsHeld = false
    private var needsFlush = false
    private var inputIsClosed = false
    private var outputIsClosed = false
    private var lingeredBytes = 0

    /// When the phase began, or last got anywhere; see ``deadline``.
    var progress = NIODeadline.now()
    var headStarted: NIODeadline?
    var timer: Scheduled<Void>?
    var timerDeadline = NIODeadline.distantFuture

    /// - Parameters:
    ///   - isSecure: Whether TLS has been spoken already.
    ///   - refuses: Whether to answer nothing but 503.
    init(
        _ dispatcher: Dispatcher, _ shared: LoopContext, _ metrics: GatewayMetrics, isSecure: Bool = false,
        refuses: Bool
    ) {
        self.dispatcher = dispatcher
        self.shared = shared
        self.metrics = metrics
        self.isSecure = isSecure
        self.refuses = refuses
        recorder = AnswerRecorder(metrics: metrics, log: dispatcher.settings.accessLog)
        logger = dispatcher.logger
        parser = HTTPRequestParser(limits: dispatcher.settings.parser)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) { begin(context) }

    private func begin(_ context: ChannelHandlerContext) {
        guard phase == .idle, timer == nil else { return }
        client = ClientAddress(context.remoteAddress, isSecure: isSecure)
        shared.add(self)
        progress = .now()
        if refuses {
            let message = "This node has as many connections as it takes"
            refuse(GatewayError(.overloaded, message, origin: .node))
        } else if shared.isDraining {
            finishConnection()
        }
        settle()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) { end() }

    /// Lets go of everything; the channel is gone.
    private func end() {
        guard phase != .closed else { return }
        if let streaming, let current {
            record(streaming, current, bodyBytes: current.bodyBytes, broken: true)
        }
        phase = .closed
        generation += 1
        breakUpload()
        breakTunnel()
        current?.cancellation.cancel()
        pump?.close()
        pump = nil
        streaming = nil
        current = nil
        timer?.cancel()
        timer = nil
        shared.remove(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Self.unwrapInboundIn(data)
        isHandlingRead = true
        switch phase {
        case .closed: break
        case .tunnelling:
            progress = .now()
            tunnel?.fromClient.append(bytes)
        case .lingering:
            lingeredBytes += bytes.readableBytes
            if lingeredBytes > settings.lingerBytes { abort() }
        case .idle, .receiving, .answering:
            if requestCount == 0, takesPreface(bytes, context) { return }
            parser.append(bytes)
            process()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isHandlingRead = false
        settle()
    }

    /// The automatic read after each one: held back while the client sends faster than it is answered.
    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { readIsHeld = true }
    }

    private var mayRead: Bool {
        switch phase {
        case .receiving, .lingering: true
        case .idle, .answering: parser.bufferedBytes <= settings.pipelineBytes && upload?.hasRoom ?? true
        case .tunnelling: tunnel?.hasRoom ?? false
        case .closed: false
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        guard phase != .closed else { return }
        progress = .now()
        // From now on it is the client that is waited for, and not for as long as a block would be.
        guard isWritable else { return arm() }
        pump?.run()
        resume()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent {
            inputIsClosed = true
            settle()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.debug("A connection failed", metadata: ["remote": "\(client.ip)", "error": "\(error)"])
        abort()
    }

    /// Closes at once, whatever is still to be sent.
    func abort() {
        guard phase != .closed else { return }
        context?.close(promise: nil)
    }

    func cut() {
        guard phase == .lingering, outputIsClosed else { return }
        context?.channel.closeWithoutFarewell()
    }

    /// The node stops: no further request after the one that has begun.
    func drain() {
        if phase == .idle, !parser.isInsideHead { finishConnection() }
        settle()
    }

    /// Goes on after something that was waited for.
    func resume() {
        process()
        settle()
    }

    /// Reads requests as long as they can be answered at once.
    private func process() {
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        while let context {
            switch phase {
            // A client that does not take its answers gets no further ones made.
            case .idle: guard isWritable else { return }
            case .receiving: break
            case .answering: guard upload?.hasRoom ?? false else { return }
            case .tunnelling, .lingering, .closed: return
            }
            do {
                guard let event = try parser.next() else { return }
                handle(event, context)
            } catch {
                refuse(error)
                return
            }
        }
    }

    /// Brings socket, timer and reads in line with the phase. Ends every entry into this handler.
    func settle() {
        guard let context, phase != .closed else { return }
        // A request that waits for the client to take earlier answers is not late.
        if phase == .idle, parser.isInsideHead || preface != nil, isWritable {
            if headStarted == nil { headStarted = .now() }
        } else {
            headStarted = nil
        }
        if !isHandlingRead { settleBody(context) }
        if inputIsClosed { settleAfterInput(context) }
        // Answers to pipelined requests leave together, when the read is over.
        if needsFlush, !isHandlingRead {
            needsFlush = false
            context.flush()
        }
        guard phase != .closed else { return }
        arm()
        if readIsHeld, mayRead {
            readIsHeld = false
            context.read()
        }
    }

    /// The client sends no more. What it asked for is still answered.
    private func settleAfterInput(_ context: ChannelHandlerContext) {
        switch phase {
        case .idle: if context.channel.isWritable { finishConnection() }
        case .receiving: abort()
        case .tunnelling: endTunnelInput()
        case .lingering: if outputIsClosed { abort() }
        // Who closes one side is gone, as a rule: nobody computes for it, or sends what may go on for ever.
        case .answering: if upload != nil || pump is FlowPump || awaitsFunction { abort() }
        case .closed: break
        }
    }

    /// A function is at work on the answer.
    private var awaitsFunction: Bool {
        guard pump == nil, case .function = current?.destination else { return false }
        return true
    }

    func write(_ bytes: ByteBuffer) {
        guard let context else { return }
        needsFlush = true
        context.write(Self.wrapOutboundOut(bytes), promise: nil)
    }

    /// Closes once everything written has left: first our side, then, so that the client can read the last answer
    /// before a reset could destroy it, the rest.
    func finishConnection() {
        guard let context, phase != .closed, phase != .lingering else { return }
        phase = .lingering
        generation += 1
        breakUpload()
        current = nil
        progress = .now()
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { _ in
            guard self.phase == .lingering, let context = self.context else { return }
            self.progress = .now()
            self.outputIsClosed = true
            if self.inputIsClosed {
                self.abort()
            } else {
                context.close(mode: .output, promise: nil)
                self.arm()
            }
        }
        needsFlush = true
        context.write(Self.wrapOutboundOut(ByteBuffer()), promise: sent)
    }

    /// Closes our half of a tunnel once everything written has left.
    func closeOutput() {
        guard let context, !outputIsClosed else { return }
        outputIsClosed = true
        if inputIsClosed {
            context.close(promise: nil)
        } else {
            context.close(mode: .output, promise: nil)
        }
    }

    /// Leaves the channel to other handlers.
    func leave() {
        timer?.cancel()
        timer = nil
        phase = .closed
        shared.remove(self)
    }

    /// Whether our side is closed and only the client's is waited for.
    var isOutputClosed: Bool { outputIsClosed }
}
