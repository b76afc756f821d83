import NIOCore
import Streams

/// From parsed events to complete requests.
extension HTTP1Connection {
    func handle(_ event: HTTPRequestParser.Event, _ context: ChannelHandlerContext) {
        switch event {
        case .head(let head): begin(head, context)
        case .body(let bytes): take(bytes)
        case .end: if phase == .answering { endUpload() } else { answer(context) }
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        headStarted = nil
        requestCount += 1
        generation += 1
        let destination = dispatcher.route(head, from: client)
        current = Current(head: head, destination: destination)
        phase = .receiving
        guard head.body != .none else { return }
        progress = .now()
        if case .length(let count) = head.body, count > bodyLimit(destination) {
            refuseBody()
        } else if head.expectsContinue {
            if !destination.takesBody {
                refuseBody()
            } else if parser.bufferedBytes == 0 {
                write(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n"))
            }
        }
        if case .length(let count) = head.body, count > Upload.gatheredBytes { beginUpload(context) }
    }

    /// A body of unknown length whose end did not come with this read may take its time.
    func settleBody(_ context: ChannelHandlerContext) {
        guard case .receiving = phase, case .chunked = current?.head.body else { return }
        beginUpload(context)
    }

    /// Calls the function now, with what has come of the body.
    private func beginUpload(_ context: ChannelHandlerContext) {
        guard phase == .receiving, current?.destination.takesBody == true else { return }
        let loop = context.eventLoop
        let connection = NIOLoopBound(self, eventLoop: loop)
        let moved: @Sendable () -> Void = { loop.execute { connection.value.uploadMoved() } }
        upload = Upload(ByteStream(onTake: { _ in moved() }, onStop: moved))
        if let gathered = current?.body, gathered.readableBytes > 0 {
            upload?.stream.append(gathered)
            upload?.received(gathered.readableBytes)
        }
        current?.body = ByteBuffer()
        answer(context)
    }

    /// The function took bytes, or wants no more.
    private func uploadMoved() {
        guard upload != nil else { return }
        upload?.moved()
        progress = .now()
        resume()
    }

    private func endUpload() {
        upload?.stream.finish()
        upload = nil
        if isAnswered { becomeIdle() }
    }

    /// The rest of the body does not come.
    func breakUpload() {
        upload?.stream.fail(GatewayError(.requestTimeout, "The client did not send the whole body", origin: .client))
        upload = nil
    }

    private func bodyLimit(_ destination: Destination) -> Int {
        destination.bodyLimit(settings)
    }

    private func take(_ bytes: ByteBuffer) {
        if upload != nil { return pass(bytes) }
        guard current != nil, let destination = current?.destination else { return }
        current?.bodyBytes += bytes.readableBytes
        guard current?.bodyBytes ?? 0 <= bodyLimit(destination) else {
            refuseBody()
            return
        }
        if destination.takesBody { current?.body.writeImmutableBuffer(bytes) }
    }

    /// Hands a part of a long body to the function that is at work on it.
    private func pass(_ bytes: ByteBuffer) {
        upload?.stream.append(bytes)
        upload?.received(bytes.readableBytes)
        progress = .now()
        guard let count = upload?.byteCount, let destination = current?.destination, count > bodyLimit(destination)
        else { return }
        guard streaming == nil, !isAnswered else { return abort() }
        generation += 1
        refuseBody()
    }

    /// Answers without waiting for the body, which costs the client its connection.
    private func refuseBody() {
        guard let current, let context else { return }
        if current.destination.takesBody {
            let limit = bodyLimit(current.destination)
            let message = "Bodies of requests for a \(current.destination.kind) may have at most \(limit) bytes here"
            refuse(GatewayError(.bodyTooLarge, message, origin: .client))
        } else {
            answer(context, closes: true)
        }
    }

    /// Asks for the answer to the current request.
    private func answer(_ context: ChannelHandlerContext, closes: Bool = false) {
        guard let current else { return }
        phase = .answering
        // From here on the count is of bytes that went out.
        self.current?.bodyBytes = 0
        let request = GatewayRequest(
            head: current.head, body: current.body, upload: upload?.stream, client: client,
            cancellation: current.cancellation, hint: hint(current, context), interim: interim(current, context))
        self.current?.body = ByteBuffer()
        switch dispatcher.answer(current.destination, request, on: context.eventLoop, shared) {
        case .ready(var reply):
            reply.closes = reply.closes || closes
            send(reply)
        case .later(let future):
            progress = .now()
            let generation = generation
            future.assumeIsolated().whenComplete { result in
                self.received(result, generation, closes: closes)
            }
        }
    }

    /// How links are sent ahead of the answer. Only browsers that go to a page use them, and some other clients of
    /// HTTP/1.1 take an answer of this kind for the final one (RFC 8297 section 3).
    private func hint(_ current: Current, _ context: ChannelHandlerContext) -> (@Sendable ([String]) -> Void)? {
        guard current.destination.mayHint, current.head.wantsEarlyHints else { return nil }
        let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
        return { links in connection.value.writeInterim(103, links.map { ("link", $0) }) }
    }

    /// How whoever answers sends interim answers ahead: not to a client of HTTP/1.0, which takes them for the final one.
    private func interim(_ current: Current, _ context: ChannelHandlerContext) -> InterimAnswers? {
        guard current.destination.hasInterimAnswers, current.head.minorVersion >= 1 else { return nil }
        return InterimAnswers(self, context.eventLoop, generation: generation)
    }

    private func received(_ result: Result<Reply, any Error>, _ generation: Int, closes: Bool) {
        guard generation == self.generation, phase == .answering, pump == nil else {
            if case .success(let reply) = result { reply.abandon() }
            return
        }
        var reply: Reply
        switch result {
        case .success(let value): reply = value
        case .failure(let error):
            reply = dispatcher.failure(error, current?.head, current?.destination.kind ?? .invalid)
        }
        reply.closes = reply.closes || closes
        send(reply)
        resume()
    }

    /// Answers with an error and gives the connection up: after it the bytes that come in have no meaning.
    func refuse(_ error: GatewayError) {
        guard phase != .closed, phase != .lingering else { return }
        var reply = dispatcher.failure(error, current?.head, current?.destination.kind ?? .invalid)
        reply.closes = true
        phase = .answering
        send(reply)
    }
}
