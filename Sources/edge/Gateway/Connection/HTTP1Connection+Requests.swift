import NIOCore

/// From parsed events to complete requests.
extension HTTP1Connection {
    func handle(_ event: HTTPRequestParser.Event, _ context: ChannelHandlerContext) {
        switch event {
        case .head(let head): begin(head)
        case .body(let bytes): take(bytes)
        case .end: answer(context)
        }
    }

    private func begin(_ head: HTTPRequestHead) {
        headStarted = nil
        requestCount += 1
        generation += 1
        let destination = dispatcher.route(head, from: client)
        current = Current(head: head, destination: destination, started: .now())
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
    }

    private func bodyLimit(_ destination: Destination) -> Int {
        destination.takesBody ? settings.maxFunctionBodyBytes : settings.maxDiscardedBodyBytes
    }

    private func take(_ bytes: ByteBuffer) {
        guard current != nil, let destination = current?.destination else { return }
        current?.bodyBytes += bytes.readableBytes
        guard current?.bodyBytes ?? 0 <= bodyLimit(destination) else {
            refuseBody()
            return
        }
        if destination.takesBody { current?.body.writeImmutableBuffer(bytes) }
    }

    /// Answers without waiting for the body, which costs the client its connection.
    private func refuseBody() {
        guard let current, let context else { return }
        if current.destination.takesBody {
            let message = "Bodies for functions may have at most \(settings.maxFunctionBodyBytes) bytes here"
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
        let request = GatewayRequest(head: current.head, body: current.body, client: client)
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
