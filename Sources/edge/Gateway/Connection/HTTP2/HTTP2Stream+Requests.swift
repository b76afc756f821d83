import NIOCore
import NIOHPACK
import NIOHTTP2
import Streams

/// From frames to a complete request.
extension HTTP2Stream {
    func begin(_ headers: HPACKHeaders, isComplete: Bool, _ context: ChannelHandlerContext) {
        phase = .receiving
        connection.add(self)
        let head: HTTPRequestHead
        do {
            head = try HTTP2RequestHead.read(headers, isComplete: isComplete, limits: settings.parser)
        } catch {
            isReceived = isComplete
            return refuse(error)
        }
        self.head = head
        destination = dispatcher.route(head, from: connection.client)
        if asksForTunnel { return answer() }
        guard head.body != .none else { return }
        if case .length(let count) = head.body, count > bodyLimit { return refuseBody() }
        if head.expectsContinue {
            guard destination.takesBody else { return refuseBody() }
            writeInterim(100, [])
        }
        if case .length(let count) = head.body, count > Upload.gatheredBytes { beginUpload() }
    }

    private var bodyLimit: Int { destination.bodyLimit(settings) }

    /// Calls the function now, with what has come of the body.
    func beginUpload() {
        guard phase == .receiving, destination.takesBody, let loop = context?.eventLoop else { return }
        let stream = NIOLoopBound(self, eventLoop: loop)
        let moved: @Sendable () -> Void = { loop.execute { stream.value.uploadMoved() } }
        upload = Upload(ByteStream(onTake: { _ in moved() }, onStop: moved))
        if body.readableBytes > 0 { upload?.received(body) }
        body = ByteBuffer()
        answer()
    }

    /// The function took bytes, or wants no more.
    private func uploadMoved() {
        guard upload != nil else { return }
        upload?.moved()
        progress = .now()
        resumeReading()
    }

    /// The rest of the body does not come.
    func breakUpload() {
        upload?.stream.fail(GatewayError(.requestTimeout, "The client did not send the whole body", origin: .client))
        upload = nil
    }

    func take(_ bytes: ByteBuffer) {
        if let fromClient {
            progress = .now()
            return fromClient.append(bytes)
        }
        if upload != nil {
            upload?.received(bytes)
            progress = .now()
            if let count = upload?.byteCount, count > bodyLimit { refuseBody() }
            return
        }
        guard phase == .receiving else { return }
        bodyBytes += bytes.readableBytes
        guard bodyBytes <= bodyLimit else { return refuseBody() }
        if destination.takesBody { body.writeImmutableBuffer(bytes) }
    }

    func finishReceiving() {
        guard !isReceived else { return }
        isReceived = true
        if phase == .receiving { return answer() }
        fromClient?.finish()
        upload?.stream.finish()
        upload = nil
    }

    private func refuseBody() {
        guard reply == nil else { return reset(.cancel) }
        guard destination.takesBody else { return answer() }
        let message = "Bodies of requests for a \(destination.kind) may have at most \(bodyLimit) bytes here"
        refuse(GatewayError(.bodyTooLarge, message, origin: .client))
    }

    /// Asks for the answer.
    private func answer() {
        guard phase == .receiving, let head, let loop = context?.eventLoop else { return }
        phase = .answering
        progress = .now()
        // From here on the count is of bytes that go out.
        bodyBytes = 0
        let request = GatewayRequest(
            head: head, body: body, upload: upload?.stream, client: connection.client, cancellation: cancellation,
            hint: hint(head, loop), interim: destination.hasInterimAnswers ? InterimAnswers(self, loop) : nil)
        body = ByteBuffer()
        switch dispatcher.answer(destination, request, on: loop, connection.shared) {
        case .ready(let reply): send(reply)
        case .later(let future):
            future.assumeIsolated().whenComplete { result in
                guard self.phase == .answering, self.reply == nil else {
                    if case .success(let reply) = result { reply.abandon() }
                    return
                }
                switch result {
                case .success(let reply): self.send(reply)
                case .failure(let error):
                    self.send(self.dispatcher.failure(error, head, self.destination.kind))
                }
            }
        }
    }

    /// How links are sent ahead of the answer (RFC 8297), to browsers that go to a page.
    private func hint(_ head: HTTPRequestHead, _ loop: any EventLoop) -> (@Sendable ([String]) -> Void)? {
        guard destination.mayHint, head.wantsEarlyHints else { return nil }
        let stream = NIOLoopBound(self, eventLoop: loop)
        return { links in stream.value.writeInterim(103, links.map { ("link", $0) }) }
    }

    /// Answers with an error, whatever else the request is waiting for.
    func refuse(_ error: GatewayError) {
        guard phase == .receiving || phase == .answering, reply == nil else { return }
        phase = .answering
        bodyBytes = 0
        send(dispatcher.failure(error, head, head == nil ? .invalid : destination.kind))
        breakUpload()
    }
}
