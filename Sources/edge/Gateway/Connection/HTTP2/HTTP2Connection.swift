import Logging
import NIOCore
import NIOHPACK
import NIOHTTP2

/// One HTTP/2 connection: what concerns all its streams. The frames are NIOHTTP2's, and so are the limits on resets,
/// control frames, CONTINUATION and header lists; the graceful end is its connection manager's.
final class HTTP2Connection: ChannelInboundHandler, GatewayConnection {
    typealias InboundIn = HTTP2Frame
    typealias InboundOut = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    /// How often streams are checked for time-outs: one timer a connection, none a request.
    private static let tick = TimeAmount.milliseconds(500)
    /// What RFC 9113 section 6.5.2 allows for one frame of ours to receive.
    private static let maxFrameBytes = 64 * 1024

    let dispatcher: Dispatcher
    let shared: LoopContext
    let recorder: AnswerRecorder
    let client: ClientAddress
    var settings: Gateway.Settings { dispatcher.settings }

    private var context: ChannelHandlerContext?
    private var streams: [ObjectIdentifier: HTTP2Stream] = [:]
    private var requestCount = 0
    private var timer: Scheduled<Void>?
    /// Whether `timer` is for a connection without streams, and far away.
    private var timerIsLong = false
    /// Since when there has been no stream.
    private var idleStart = NIODeadline.now()
    /// When the client was told that the connection ends.
    private var endStart: NIODeadline?
    private var isBroken = false

    private init(_ dispatcher: Dispatcher, _ shared: LoopContext, _ metrics: GatewayMetrics, _ client: ClientAddress) {
        self.dispatcher = dispatcher
        self.shared = shared
        self.client = client
        recorder = AnswerRecorder(metrics: metrics, log: dispatcher.settings.accessLog)
    }

    /// Makes `channel` speak HTTP/2 as a server. On its event loop.
    static func add(
        to channel: any Channel, _ dispatcher: Dispatcher, _ shared: LoopContext, _ metrics: GatewayMetrics,
        isSecure: Bool
    ) throws {
        let loop = channel.eventLoop
        let client = ClientAddress(channel.remoteAddress, isSecure: isSecure)
        let connection = HTTP2Connection(dispatcher, shared, metrics, client)
        let settings = dispatcher.settings
        let manager = NIOHTTP2ServerConnectionManagementHandler(
            eventLoop: loop,
            configuration: .init(maxIdleTime: nil, maxAge: nil, maxGraceTime: nil, keepalive: nil))
        let bound = NIOLoopBound(connection, eventLoop: loop)
        let frames = NIOHTTP2Handler(
            mode: .server, eventLoop: loop, connectionConfiguration: connectionConfiguration(settings),
            streamConfiguration: streamConfiguration(settings), streamDelegate: manager.http2StreamDelegate
        ) { stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandler(HTTP2Stream(bound.value))
            }
        }
        if isSecure { try channel.pipeline.syncOperations.addHandler(RecordJoiner()) }
        try channel.pipeline.syncOperations.addHandlers([frames, manager, connection])
    }

    private static func connectionConfiguration(
        _ settings: Gateway.Settings
    ) -> NIOHTTP2Handler.ConnectionConfiguration {
        let limits = settings.http2
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: limits.maxConcurrentStreams),
            // The size counts 32 bytes for each field (RFC 9113 section 6.5.2).
            HTTP2Setting(
                parameter: .maxHeaderListSize,
                value: settings.parser.maxFieldBytes + settings.parser.maxRequestLineBytes
                    + 32 * settings.parser.maxFields),
            HTTP2Setting(parameter: .initialWindowSize, value: limits.streamWindowBytes),
            HTTP2Setting(parameter: .maxFrameSize, value: maxFrameBytes),
            // RFC 8441 section 3.
            HTTP2Setting(parameter: .enableConnectProtocol, value: 1),
        ]
        configuration.maximumSequentialContinuationFrames = limits.maxContinuationFrames
        configuration.maximumSequentialEmptyDataFrames = limits.maxEmptyDataFrames
        // What is on its way for a stream that was reset here is nobody's fault.
        configuration.maximumRecentlyResetStreams = limits.maxConcurrentStreams
        configuration.targetWindowSize = limits.connectionWindowBytes
        configuration.controlFrameRateLimit.maximumCount = limits.maxControlFrames
        configuration.controlFrameRateLimit.windowLength = TimeAmount(limits.rateWindow)
        return configuration
    }

    private static func streamConfiguration(_ settings: Gateway.Settings) -> NIOHTTP2Handler.StreamConfiguration {
        let limits = settings.http2
        var configuration = NIOHTTP2Handler.StreamConfiguration()
        configuration.targetWindowSize = limits.streamWindowBytes
        configuration.outboundBufferSizeHighWatermark = limits.streamQueueBytes
        configuration.outboundBufferSizeLowWatermark = limits.streamQueueBytes / 4
        configuration.streamResetFrameRateLimit.maximumCount = limits.maxResets
        configuration.streamResetFrameRateLimit.windowLength = TimeAmount(limits.rateWindow)
        configuration.streamErrorRateLimit.maximumCount = limits.maxResets
        configuration.streamErrorRateLimit.windowLength = TimeAmount(limits.rateWindow)
        return configuration
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        shared.add(self)
        schedule()
        if shared.isDraining { drain() }
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    private func end() {
        guard context != nil else { return }
        context = nil
        timer?.cancel()
        timer = nil
        shared.remove(self)
    }

    /// Frames of the connection itself, which others have dealt with.
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !HTTP2Connection.concernsStream(error), !isBroken else { return }
        isBroken = true
        dispatcher.logger.debug(
            "An HTTP/2 connection failed", metadata: ["remote": "\(client.ip)", "error": "\(error)"])
        if let code = HTTP2Connection.code(ofEither: error) {
            // A stream's reset may be all that the client has been told (RFC 9113 section 5.4).
            let end = HTTP2Frame.FramePayload.goAway(lastStreamID: .maxID, errorCode: code, opaqueData: nil)
            context.writeAndFlush(Self.wrapOutboundOut(HTTP2Frame(streamID: .rootStream, payload: end)), promise: nil)
        }
        // The GOAWAY is on its way. Reading on would be work for whoever misbehaves; closing at once could take it back.
        let channel = context.channel
        try? channel.syncOptions?.setOption(.autoRead, value: false)
        context.eventLoop.execute { channel.close(mode: .output, promise: nil) }
        context.eventLoop.scheduleTask(in: TimeAmount(settings.lingerTimeout)) { channel.close(promise: nil) }
    }

    /// One stream is at fault, and NIOHTTP2 has reset it.
    private static func concernsStream(_ error: any Error) -> Bool {
        switch error {
        case is NIOHTTP2Errors.StreamError, is NIOHTTP2Errors.StreamClosed, is NIOHTTP2Errors.ForbiddenHeaderField,
            is NIOHTTP2Errors.ContentLengthViolated, is NIOHTTP2Errors.ContentLengthHeadersMismatch,
            is NIOHTTP2Errors.ContentLengthHeaderNegative, is NIOHTTP2Errors.ContentLengthHeaderMalformedValue,
            is NIOHTTP2Errors.InvalidHTTP2HeaderFieldName, is NIOHTTP2Errors.InvalidHTTP2HeaderFieldValue,
            is NIOHTTP2Errors.UnknownPseudoHeader, is NIOHTTP2Errors.UnsupportedPseudoHeader,
            is NIOHTTP2Errors.PseudoHeaderAfterRegularHeader, is NIOHTTP2Errors.MissingPseudoHeader,
            is NIOHTTP2Errors.DuplicatePseudoHeader, is NIOHTTP2Errors.EmptyPathHeader,
            is NIOHTTP2Errors.InvalidPseudoHeaders, is NIOHTTP2Errors.InvalidPseudoHeaderValue,
            is NIOHTTP2Errors.InvalidStatusValue, is NIOHTTP2Errors.TrailersWithoutEndStream:
            true
        default: false
        }
    }

    /// The code of an error that NIOHTTP2 reports alike of a stream and of the connection; nil for others. The whole
    /// connection ends for each of them: only a client that counts or orders its frames wrong makes them.
    private static func code(ofEither error: any Error) -> HTTP2ErrorCode? {
        switch error {
        case is NIOHTTP2Errors.BadStreamStateTransition: .streamClosed
        case is NIOHTTP2Errors.FlowControlViolation, is NIOHTTP2Errors.InvalidFlowControlWindowSize: .flowControlError
        case is NIOHTTP2Errors.InvalidWindowIncrementSize: .protocolError
        default: nil
        }
    }

    /// A request begins on `stream`.
    func add(_ stream: HTTP2Stream) {
        streams[ObjectIdentifier(stream)] = stream
        requestCount += 1
        if requestCount >= settings.maxRequestsPerConnection { drain() }
        // A client that heard of the end, and goes on as long again, is not one that ends by itself. Not at once: the
        // stream is not open for everybody yet.
        if requestCount == 2 * settings.maxRequestsPerConnection {
            context?.eventLoop.assumeIsolated().execute { self.abort() }
        }
        if timerIsLong { schedule() }
    }

    func remove(_ stream: HTTP2Stream) {
        streams[ObjectIdentifier(stream)] = nil
        if streams.isEmpty { idleStart = .now() }
    }

    /// When a connection without streams is told to end, or closed because it was told.
    private var idleDeadline: NIODeadline {
        guard let endStart else { return idleStart + TimeAmount(settings.idleTimeout) }
        return max(endStart, idleStart) + TimeAmount(settings.lingerTimeout)
    }

    private func schedule() {
        guard let context else { return }
        timer?.cancel()
        timerIsLong = streams.isEmpty
        let next = timerIsLong ? idleDeadline : .now() + HTTP2Connection.tick
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: next) { self.checkTimes() }
    }

    private func checkTimes() {
        let now = NIODeadline.now()
        for stream in Array(streams.values) { stream.check(now) }
        if streams.isEmpty, now >= idleDeadline {
            // Who does not answer to the end stays for ever otherwise.
            if endStart != nil { return abort() }
            drain()
        }
        schedule()
    }

    func drain() {
        guard endStart == nil, let context else { return }
        endStart = .now()
        context.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        if timerIsLong { schedule() }
    }

    func abort() { context?.close(promise: nil) }

    func cut() {
        guard endStart != nil, streams.isEmpty else { return }
        context?.channel.closeWithoutFarewell()
    }
}
