import Gateway
import NIOCore
import Outbound
import Streams

/// One connection to a machine: a request at a time, or, after an upgrade, another protocol's bytes. Used on its event
/// loop only.
final class UpstreamConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    typealias Completion = (Result<MachineAnswer, MachineProxyFailure>) -> Void

    enum Phase {
        case idle
        /// A request or its answer is under way.
        case busy
        /// The bytes are another protocol's.
        case raw
        case closed
    }

    /// The request that is under way.
    struct Exchange {
        let isHead: Bool
        let started: NIODeadline
        let completion: Completion
        /// Hears of interim answers.
        let interim: MachineRequest.InterimListener?
        var interimCount = 0
        var head: HTTPResponseHead?
        var framing = HTTPResponseParser.Framing.none
        var headMicros = 0
        /// What came of the body before the answer was passed on.
        var gathered = ByteBuffer()
        var isAnswered = false
    }

    /// Bodies up to this size leave in one buffer with their head.
    private static let copiedBodyBytes = 16 << 10
    /// Interim answers before one answer that are told of.
    private static let maxInterimAnswers = 16

    let target: MachineTarget
    private let pool: UpstreamPool
    var settings: MachineProxy.Settings { pool.settings }

    private(set) var context: ChannelHandlerContext?
    private var parser = HTTPResponseParser()
    private(set) var phase = Phase.idle
    private var exchange: Exchange?
    /// The machine's bytes on their way to whoever asked.
    private var download: ByteStream?
    /// The other way.
    var upload: UpstreamUpload?
    /// Requests so far, to tell late news of an earlier one.
    private(set) var uses = 0
    private var readIsHeld = false
    private var hasReceived = false
    private var inputIsClosed = false
    private var outputIsClosed = false
    private var deadline = NIODeadline.distantFuture

    init(_ target: MachineTarget, pool: UpstreamPool) {
        self.target = target
        self.pool = pool
    }

    var isOpen: Bool { context != nil && phase != .closed && !inputIsClosed }

    /// Whether the last request met a kept connection that the machine had closed: not a byte of an answer came.
    private(set) var wasStale = false

    func close() { context?.close(promise: nil) }

    // MARK: Requests

    func begin(_ request: MachineRequest, _ completion: @escaping Completion) {
        guard let context, phase == .idle, !inputIsClosed else {
            wasStale = true
            upload = nil
            return completion(
                .failure(.fault(.machineUnavailable, "A machine closed its connection", mayHaveRun: false)))
        }
        uses += 1
        phase = .busy
        hasReceived = false
        exchange = Exchange(
            isHead: request.method == "HEAD", started: .now(), completion: completion, interim: request.interim)
        parser.expect(
            isHead: request.method == "HEAD", mayUpgrade: request.upgrade != nil, tellsInterim: request.interim != nil)
        deadline = .now() + settings.answerTimeout
        let framing = RequestEncoder.framing(request)
        var body = ByteBuffer()
        if framing != .none, case .bytes(let bytes) = request.body { body = bytes }
        let copies = body.readableBytes <= UpstreamConnection.copiedBodyBytes
        var head = context.channel.allocator.buffer(capacity: 1_024 + (copies ? body.readableBytes : 0))
        RequestEncoder.write(request, framing, to: &head)
        if copies { head.writeImmutableBuffer(body) }
        context.write(Self.wrapOutboundOut(head), promise: nil)
        if !copies { context.write(Self.wrapOutboundOut(body), promise: nil) }
        context.flush()
        if case .stream(let stream) = request.body {
            if framing == .none {
                stream.stop()
            } else {
                upload = UpstreamUpload(stream, framing)
                pumpUpload()
            }
        }
        let (bound, loop, number) = (NIOLoopBound(self, eventLoop: pool.loop), pool.loop, uses)
        request.cancellation.onCancel { loop.execute { bound.value.cancelled(number) } }
    }

    private func cancelled(_ number: Int) {
        guard number == uses, phase == .busy else { return }
        fail(.client(.requestTimeout, "Nobody waits for the answer any more"))
    }

    /// Bytes pass both ways from now on, with nothing in front of them.
    func beginRaw() -> GatewayTunnel {
        uses += 1
        phase = .raw
        context?.read()
        return tunnel([])
    }

    // MARK: Bytes from the machine

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) { context.read() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Self.unwrapInboundIn(data)
        hasReceived = true
        switch phase {
        case .raw:
            touch(settings.tunnelIdleTimeout)
            download?.append(bytes)
        case .busy:
            parser.append(bytes)
            advance()
        // Nobody asked.
        case .idle: close()
        case .closed: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if phase == .busy { passOn() }
        readOn()
    }

    private func readOn() {
        guard phase != .closed, !inputIsClosed else { return }
        if let download, download.bufferedBytes >= settings.windowBytes {
            readIsHeld = true
        } else {
            readIsHeld = false
            context?.read()
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed? = event as? ChannelEvent else { return }
        inputIsClosed = true
        inputEnded()
    }

    private func inputEnded() {
        switch phase {
        case .idle: close()
        case .busy:
            do {
                if case .end? = try parser.finish() { complete() } else { fail(.cutOff(mayHaveRun: true)) }
            } catch {
                fail(hasReceived ? .badAnswer(error) : .cutOff(mayHaveRun: true))
            }
        case .raw:
            download?.finish()
            if outputIsClosed { close() }
        case .closed: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !inputIsClosed {
            inputIsClosed = true
            inputEnded()
        }
        end()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if phase == .busy { fail(.cutOff(mayHaveRun: true)) }
        download?.fail(GatewayError(.machineBadResponse, "A machine's connection broke", origin: .origin))
        context.close(promise: nil)
    }

    /// Lets go of everything; the channel is gone.
    private func end() {
        guard phase != .closed else { return }
        if phase == .busy { fail(.cutOff(mayHaveRun: true)) }
        phase = .closed
        upload?.stream.stop()
        upload = nil
        download?.fail(GatewayError(.machineBadResponse, "A machine's connection broke", origin: .origin))
        download = nil
        pool.removed(self)
    }

    private func advance() {
        do {
            while phase == .busy, let event = try parser.next() {
                switch event {
                case .interim(let head):
                    let count = exchange?.interimCount ?? 0
                    exchange?.interimCount = count + 1
                    if count < Self.maxInterimAnswers { exchange?.interim?(head.status, AnswerFields.passed(head)) }
                case .head(let head, let framing):
                    exchange?.head = head
                    exchange?.framing = framing
                    let now = NIODeadline.now()
                    let waited = now - (exchange?.started ?? now)
                    exchange?.headMicros = Int(waited.nanoseconds / 1_000)
                    touch(settings.bodyTimeout)
                case .body(let part):
                    touch(settings.bodyTimeout)
                    if let download { download.append(part) } else { gather(part) }
                case .end: complete()
                case .upgraded(let head): upgraded(head)
                }
            }
        } catch {
            fail(.badAnswer(error))
        }
    }

    private func gather(_ part: ByteBuffer) {
        guard exchange?.gathered.readableBytes ?? 0 > 0 else {
            exchange?.gathered = part
            return
        }
        exchange?.gathered.writeImmutableBuffer(part)
    }

    /// Passes an answer on whose end has not come yet, unless it is short.
    private func passOn() {
        guard let exchange, let head = exchange.head, !exchange.isAnswered else { return }
        var length: Int?
        if case .length(let count) = exchange.framing {
            if count <= settings.gatheredBytes { return }
            length = count
        }
        let stream = makeDownload()
        stream.append(exchange.gathered)
        self.exchange?.gathered = ByteBuffer()
        self.exchange?.isAnswered = true
        download = stream
        answer(exchange, head, contentLength: length, body: .stream(stream))
    }

    private func answer(_ exchange: Exchange, _ head: HTTPResponseHead, contentLength: Int?, body: OriginAnswer.Body) {
        var answer = OriginAnswer(
            status: head.status, fields: AnswerFields.passed(head), contentLength: contentLength, body: body, cache: "")
        answer.originMicros = exchange.headMicros
        exchange.completion(.success(.content(answer)))
    }

    /// The answer has come to its end.
    private func complete() {
        guard let exchange, let head = exchange.head else { return fail(.cutOff(mayHaveRun: true)) }
        self.exchange = nil
        let stream = download
        download = nil
        // A machine that answers before it has taken the whole request leaves the rest nobody to read it.
        let isWhole = upload == nil
        upload?.stream.stop()
        upload = nil
        phase = .idle
        deadline = .now() + settings.keepAlive
        // Bytes behind an answer would be taken for the next one.
        let isKept =
            isWhole && parser.keepsAlive && parser.bufferedBytes == 0 && !inputIsClosed && pool.putBack(self)
        if !isKept { close() }
        if let stream { return stream.finish() }
        switch exchange.framing {
        case .none:
            let declared = exchange.isHead ? head.first("content-length").flatMap { Int($0) } : nil
            answer(exchange, head, contentLength: declared, body: .none)
        case .length, .chunked, .untilClose:
            answer(
                exchange, head, contentLength: exchange.gathered.readableBytes,
                body: exchange.gathered.readableBytes > 0 ? .bytes(exchange.gathered) : .none)
        }
    }

    /// Gives the request up, and the connection with it.
    private func fail(_ failure: MachineProxyFailure) {
        guard let exchange else { return }
        self.exchange = nil
        wasStale = uses > 1 && !hasReceived && failure.isFault && failure.error.code != .machineTimeout
        upload?.stream.stop()
        upload = nil
        let stream = download
        download = nil
        phase = .idle
        inputIsClosed = true
        close()
        if exchange.isAnswered {
            stream?.fail(failure.error)
        } else {
            exchange.completion(.failure(failure))
        }
    }

    // MARK: Other protocols

    private func upgraded(_ head: HTTPResponseHead) {
        guard let exchange else { return }
        self.exchange = nil
        phase = .raw
        var fields = AnswerFields.passed(head)
        fields.append(contentsOf: head.fields.filter { $0.name == "upgrade" })
        let tunnel = tunnel(fields)
        download?.append(parser.takeRest())
        exchange.completion(.success(.tunnel(tunnel)))
    }

    private func tunnel(_ fields: [(name: String, value: String)]) -> GatewayTunnel {
        touch(settings.tunnelIdleTimeout)
        let stream = makeDownload()
        download = stream
        let (bound, loop) = (NIOLoopBound(self, eventLoop: pool.loop), pool.loop)
        return GatewayTunnel(headers: fields, toClient: stream) { fromClient in
            if loop.inEventLoop {
                bound.value.start(fromClient)
            } else {
                loop.execute { bound.value.start(fromClient) }
            }
        }
    }

    private func start(_ fromClient: ByteStream) {
        guard phase == .raw else { return fromClient.stop() }
        upload = UpstreamUpload(fromClient, nil)
        pumpUpload()
    }

    private func makeDownload() -> ByteStream {
        let (bound, loop, number) = (NIOLoopBound(self, eventLoop: pool.loop), pool.loop, uses)
        return ByteStream(
            window: settings.windowBytes,
            onTake: { _ in
                if loop.inEventLoop { bound.value.taken(number) } else { loop.execute { bound.value.taken(number) } }
            },
            onStop: { loop.execute { bound.value.stopped(number) } })
    }

    private func taken(_ number: Int) {
        guard number == uses, phase == .busy || phase == .raw else { return }
        touch(phase == .raw ? settings.tunnelIdleTimeout : settings.bodyTimeout)
        if readIsHeld { readOn() }
    }

    /// Whoever read the bytes wants no more.
    private func stopped(_ number: Int) {
        guard number == uses, phase == .busy || phase == .raw else { return }
        if phase == .busy { fail(.client(.requestTimeout, "Nobody reads the answer any more")) }
        close()
    }

    // MARK: Bytes for the machine

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { pumpUpload() }
    }

    /// Passes on what comes, as long as the machine takes it.
    private func pumpUpload() {
        guard let context, phase == .busy || phase == .raw, let upload, !upload.isFetching, context.channel.isWritable
        else { return }
        self.upload?.isFetching = true
        let number = uses
        upload.stream.next(on: pool.loop).assumeIsolated().whenComplete { result in
            guard number == self.uses, self.upload?.stream === upload.stream else { return }
            self.upload?.isFetching = false
            self.uploaded(result)
        }
    }

    private func uploaded(_ result: Result<ByteBuffer?, any Error>) {
        guard let context, var upload else { return }
        touch(phase == .raw ? settings.tunnelIdleTimeout : settings.answerTimeout)
        switch result {
        case .success(let part?):
            guard let bytes = upload.encode(part, context.channel.allocator) else {
                return fail(.client(.badRequest, "The request's body is longer than it was said to be"))
            }
            self.upload = upload
            context.writeAndFlush(Self.wrapOutboundOut(bytes), promise: nil)
            pumpUpload()
        case .success(nil):
            guard upload.isWhole else {
                return fail(.client(.badRequest, "The request's body is shorter than it was said to be"))
            }
            self.upload = nil
            if phase == .raw { return closeOutput(context) }
            if let last = upload.last { context.writeAndFlush(Self.wrapOutboundOut(last), promise: nil) }
        case .failure:
            self.upload = nil
            if phase == .busy { fail(.client(.requestTimeout, "The client did not send the whole body")) }
            context.close(promise: nil)
        }
    }

    private func closeOutput(_ context: ChannelHandlerContext) {
        outputIsClosed = true
        if inputIsClosed { context.close(promise: nil) } else { context.close(mode: .output, promise: nil) }
    }

    // MARK: Time

    private func touch(_ limit: TimeAmount) { deadline = .now() + limit }

    /// Gives up what has stood still for too long.
    func check(_ now: NIODeadline) {
        guard now >= deadline else { return }
        switch phase {
        case .idle, .raw: close()
        case .busy:
            // Then it is the client that is waited for; it has limits of its own.
            guard !readIsHeld, exchange?.head != nil || upload?.isFetching != true else { return }
            fail(
                .fault(
                    .machineTimeout,
                    exchange?.head == nil
                        ? "A machine did not answer in time" : "A machine stopped in the middle of its answer",
                    mayHaveRun: true))
        case .closed: break
        }
    }
}

extension MachineProxyFailure {
    static func cutOff(mayHaveRun: Bool) -> Self {
        .fault(
            .machineBadResponse, "A machine closed the connection before its answer was whole", mayHaveRun: mayHaveRun)
    }

    static func badAnswer(_ failure: HTTPResponseFailure) -> Self {
        .fault(.machineBadResponse, "A machine's answer is no valid HTTP/1.1: \(failure)", mayHaveRun: true)
    }
}
