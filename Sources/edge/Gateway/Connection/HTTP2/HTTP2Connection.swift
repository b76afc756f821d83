import Logging
import NIOCore
import NIOHPACK
import NIOHTTP2

/// One HTTP/2 connection: frames in, frames out.
///
/// NIOHTTP2's handler in front of it has the framing, the compression of header sections, the states of streams and the
/// limits on resets, control frames and CONTINUATION. What requests are, flow control both ways, whose turn it is and the
/// graceful end are here, with one light object a stream. All that is written while a read goes on leaves together.
final class HTTP2Connection: ChannelInboundHandler, GatewayConnection {
    typealias InboundIn = HTTP2Frame
    typealias InboundOut = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    let dispatcher: Dispatcher
    let shared: LoopContext
    let recorder: AnswerRecorder
    let client: ClientAddress
    let loop: any EventLoop
    /// Whether the client is told what its answers took.
    let tellsTiming: Bool
    var settings: Gateway.Settings { dispatcher.settings }

    private(set) var context: ChannelHandlerContext?
    private(set) var streams = HTTP2StreamTable()
    /// The last request that was read.
    private(set) var lastStreamID = HTTP2StreamID.rootStream
    private var requestCount = 0
    private var repeated: HTTP2RepeatedHead?
    var faults: EventRate
    /// Streams whose bodies of unknown length began with this read.
    private var beginning: [HTTP2Stream] = []

    private(set) var isReading = false
    private var needsFlush = false
    /// Whether the socket takes more.
    private(set) var isWritable: Bool

    /// What the client takes and whose turn it is; see HTTP2Connection+Sending.
    var output = HTTP2Output()
    /// Bytes that the client may still send on all streams together, as far as NIOHTTP2 has counted.
    private(set) var receiveWindow = HTTP2Output.initialWindow
    /// Whether anything has come that may count against it: until then nobody has to listen.
    private var hasBodies = false
    /// Bytes of requests that nobody has taken yet.
    var untakenBytes = 0
    /// What is read for answers; see HTTP2Connection+Content.
    var content: HTTP2Content

    /// The end; see HTTP2Connection+Ending.
    var ending = HTTP2Ending()

    init(
        _ dispatcher: Dispatcher, _ shared: LoopContext, _ metrics: GatewayMetrics, _ client: ClientAddress,
        _ channel: any Channel
    ) {
        let settings = dispatcher.settings
        self.dispatcher = dispatcher
        self.shared = shared
        self.client = client
        loop = channel.eventLoop
        isWritable = channel.isWritable
        tellsTiming = settings.tellsTiming(client)
        faults = EventRate(limit: settings.http2.maxResets, within: TimeAmount(settings.http2.rateWindow))
        content = HTTP2Content(limit: settings.http2.connectionContentBytes)
        recorder = AnswerRecorder(metrics: metrics, log: settings.accessLog)
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

    /// Lets go of everything; the channel is gone.
    private func end() {
        guard context != nil else { return }
        context = nil
        for stream in streams.all { stream.end() }
        beginning = []
        output.removeAll()
        content.removeAll()
        ending.timer?.cancel()
        ending.timer = nil
        shared.remove(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isReading = true
        guard !ending.isBroken else { return }
        let frame = Self.unwrapInboundIn(data)
        switch frame.payload {
        case .headers(let headers): receive(headers, on: frame.streamID)
        case .data(let part):
            hasBodies = true
            guard let stream = streams[frame.streamID], case .byteBuffer(let bytes) = part.data else { return }
            let padding = part.paddingBytes.map { $0 + 1 } ?? 0
            stream.receive(bytes, padding: padding, endStream: part.endStream)
        // The stream is gone in the handler before us, which says so only behind this frame.
        case .rstStream:
            windowIsUncertain()
            streams[frame.streamID]?.end()
        case .windowUpdate(let increment): windowGrows(frame.streamID, by: increment)
        case .settings(.settings(let settings)): take(settings)
        default: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        // A body of unknown length whose end did not come with this read may take its time.
        if !beginning.isEmpty {
            let streams = beginning
            beginning.removeAll(keepingCapacity: true)
            for stream in streams { stream.beginUpload() }
        }
        settle()
        if ending.timerIsLong, !streams.isEmpty { schedule() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        if isWritable { flush() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // By type first, since a cast that fails is dear and most events are for nobody here.
        let kind = ObjectIdentifier(type(of: event))
        if kind == ObjectIdentifier(NIOHTTP2WindowUpdatedEvent.self) {
            guard hasBodies, let update = event as? NIOHTTP2WindowUpdatedEvent, update.streamID == .rootStream else {
                return
            }
            if let size = update.inboundWindowSize { receiveWindow = size }
            if output.isUncertain { output.toldWindow = update.outboundWindowSize }
        } else if kind == ObjectIdentifier(StreamClosedEvent.self) {
            guard !streams.isEmpty || !isWritable, let closed = event as? StreamClosedEvent else { return }
            if closed.reason != nil { windowIsUncertain() }
            streams[closed.streamID]?.end()
        } else if kind == ObjectIdentifier(ChannelEvent.self), case ChannelEvent.inputClosed? = event as? ChannelEvent {
            inputClosed()
        }
    }

    private func receive(_ headers: HTTP2Frame.FramePayload.Headers, on id: HTTP2StreamID) {
        if let stream = streams[id] {
            guard HTTP2RequestHead.isTrailers(headers.headers) else { return malformed(id) }
            return stream.finishReceiving()
        }
        // Trailers may be on their way for a stream that is gone.
        guard id > lastStreamID else { return }
        lastStreamID = id
        requestCount += 1
        if requestCount >= settings.maxRequestsPerConnection { drain() }
        // A client that heard of the end, and goes on as long again, is not one that ends by itself.
        guard requestCount < 2 * settings.maxRequestsPerConnection else { return abort() }
        begin(headers.headers, isComplete: headers.endStream, id)
    }

    private func begin(_ headers: HPACKHeaders, isComplete: Bool, _ id: HTTP2StreamID) {
        do {
            let head = try read(headers, isComplete: isComplete)
            let stream = HTTP2Stream(id, self, head, dispatcher.route(head, from: client))
            streams.append(stream)
            if case .chunked = head.body { beginning.append(stream) }
            stream.begin(isComplete: isComplete)
        } catch {
            switch error {
            case .reset: malformed(id)
            case .answer(let error):
                let stream = HTTP2Stream(id, self, nil, .failure(error))
                streams.append(stream)
                stream.isReceived = isComplete
                stream.refuse(error)
            }
        }
    }

    private func read(
        _ headers: HPACKHeaders, isComplete: Bool
    ) throws(HTTP2HeadError) -> HTTPRequestHead {
        if isComplete, let head = try repeated?.head(headers, limits: settings.parser) { return head }
        let head = try HTTP2RequestHead.read(headers, isComplete: isComplete, limits: settings.parser)
        if isComplete { repeated = HTTP2RepeatedHead(headers, head) }
        return head
    }

    /// A stream is reset: what NIOHTTP2 had still to send of it is thrown away, and what still comes of it is counted there.
    private func windowIsUncertain() {
        hasBodies = true
        output.isUncertain = true
    }

    func writeReset(_ code: HTTP2ErrorCode, on id: HTTP2StreamID) {
        windowIsUncertain()
        write(.rstStream(code), on: id)
    }

    /// Writes a frame, which leaves with the next ``flush()``.
    func write(
        _ payload: HTTP2Frame.FramePayload, on id: HTTP2StreamID, promise: EventLoopPromise<Void>? = nil
    ) {
        guard let context else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        needsFlush = true
        context.write(Self.wrapOutboundOut(HTTP2Frame(streamID: id, payload: payload)), promise: promise)
    }

    /// Sends what is written and what may be. While a read goes on, when it is over.
    func flush() {
        if !isReading, !output.isSending { settle() }
    }

    /// Brings the socket in line with everything else. Ends every entry into this handler.
    private func settle() {
        grantConnection()
        sendTurns()
        if needsFlush { flushRound() }
        if output.isUncertain, isWritable {
            output.makeCertain()
            sendTurns()
        }
        endWhenDone()
    }

    /// Flushes what is written so far.
    func flushRound() {
        needsFlush = false
        context?.flush()
    }

    /// Lets the client send again what is not held here: as soon as that is as much as it may still send.
    private func grantConnection() {
        let increment = settings.http2.connectionWindowBytes - receiveWindow - untakenBytes
        guard increment > 0, increment >= receiveWindow, receiveWindow != HTTP2Output.initialWindow, !streams.isEmpty
        else { return }
        // The time until now was not theirs.
        if holdsClientBack { for stream in streams.all { stream.upload?.excuse() } }
        receiveWindow += increment
        write(.windowUpdate(windowSizeIncrement: increment), on: .rootStream)
    }

    /// Whether what others sent, and nobody took yet, keeps every client's body away.
    var holdsClientBack: Bool { receiveWindow <= 0 }

    func remove(_ stream: HTTP2Stream) {
        streams.remove(stream.id)
        if streams.isEmpty { ending.idleStart = .now() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !HTTP2Faults.concernsStream(error), !ending.isBroken else { return }
        if ending.start != nil, streams.isEmpty, HTTP2Faults.isLate(error) { return }
        dispatcher.logger.debug(
            "An HTTP/2 connection failed", metadata: ["remote": "\(client.ip)", "error": "\(error)"])
        // A stream's reset may be all that the client has been told (RFC 9113 section 5.4).
        hangUp(HTTP2Faults.code(ofEither: error))
    }
}
