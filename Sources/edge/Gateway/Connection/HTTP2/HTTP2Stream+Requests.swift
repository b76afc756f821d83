import NIOCore
import NIOHTTP2
import Streams

/// From frames to a complete request.
extension HTTP2Stream {
    /// The request's head is there.
    func begin(isComplete: Bool) {
        if asksForTunnel { answer() } else { beginBody() }
        if isComplete { finishReceiving() }
    }

    private func beginBody() {
        guard let head, head.body != .none else { return }
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
        guard phase == .receiving, destination.takesBody else { return }
        let stream = makeInbound()
        upload = Upload(stream)
        if body.readableBytes > 0 {
            stream.append(body)
            upload?.received(body.readableBytes)
        }
        body = ByteBuffer()
        answer()
        grant()
    }

    /// A stream of the client's bytes. Its taker moves the client's window.
    ///
    /// - Parameter isTunnel: Whether the stream has no use when the taker wants no more.
    func makeInbound(isTunnel: Bool = false) -> ByteStream {
        let loop = connection.loop
        let own = NIOLoopBound(self, eventLoop: loop)
        let stream = ByteStream(
            onTake: { _ in loop.execute { own.value.moved() } },
            onStop: { loop.execute { if isTunnel { own.value.reset(.cancel) } else { own.value.moved() } } })
        inbound = stream
        return stream
    }

    /// Whoever takes the client's bytes took some, or wants no more.
    private func moved() {
        guard phase != .closed else { return }
        if upload != nil || phase == .tunnelling { progress = .now() }
        upload?.moved()
        grant()
        connection.flush()
    }

    /// The rest of the body does not come.
    func breakUpload() {
        upload?.stream.fail(GatewayError(.requestTimeout, "The client did not send the whole body", origin: .client))
        upload = nil
    }

    /// - Parameter padding: What the frame took of the windows beside the bytes.
    func receive(_ bytes: ByteBuffer, padding: Int, endStream: Bool) {
        receivedBytes += bytes.readableBytes
        owedBytes += bytes.readableBytes + padding
        if case .length(let length)? = head?.body, receivedBytes > length { return connection.malformed(id) }
        if bytes.readableBytes > 0 { take(bytes) }
        if endStream { finishReceiving() }
        grant()
    }

    private func take(_ bytes: ByteBuffer) {
        switch phase {
        case .tunnelling:
            progress = .now()
            inbound?.append(bytes)
        case .answering:
            if upload != nil {
                upload?.stream.append(bytes)
                upload?.received(bytes.readableBytes)
                progress = .now()
                if receivedBytes > bodyLimit { refuseBody() }
            } else if asksForTunnel {
                // Before anybody takes them they wait, in the client's window.
                body.writeImmutableBuffer(bytes)
            }
        case .receiving:
            guard receivedBytes <= bodyLimit else { return refuseBody() }
            if destination.takesBody { body.writeImmutableBuffer(bytes) }
        case .answered, .closed: break
        }
    }

    /// Lets the client send again, in large steps, what waits for nobody any more.
    private func grant() {
        guard phase != .closed else { return }
        let waiting = inbound?.bufferedBytes ?? (asksForTunnel ? body.readableBytes : 0)
        connection.untakenBytes += waiting - untakenBytes
        untakenBytes = waiting
        // Who has its answer needs to send no more.
        guard !isReceived, phase != .answered else { return }
        let increment = owedBytes - waiting
        guard increment > 0, 2 * increment >= settings.http2.streamWindowBytes else { return }
        owedBytes = waiting
        connection.write(.windowUpdate(windowSizeIncrement: increment), on: id)
    }

    func finishReceiving() {
        guard !isReceived, phase != .closed else { return }
        if case .length(let length)? = head?.body, receivedBytes < length { return connection.malformed(id) }
        isReceived = true
        switch phase {
        case .receiving: answer()
        case .answering:
            upload?.stream.finish()
            upload = nil
        case .tunnelling: inbound?.finish()
        case .answered: end()
        case .closed: break
        }
    }

    private func refuseBody() {
        guard reply == nil else { return reset(.cancel) }
        guard destination.takesBody else { return answer() }
        let message = "Bodies of requests for a \(destination.kind) may have at most \(bodyLimit) bytes here"
        refuse(GatewayError(.bodyTooLarge, message, origin: .client))
    }

    /// Asks for the answer.
    private func answer() {
        guard phase == .receiving, let head else { return }
        phase = .answering
        let loop = connection.loop
        let request = GatewayRequest(
            head: head, body: asksForTunnel ? ByteBuffer() : body, upload: upload?.stream, client: connection.client,
            cancellation: cancellation, hint: hint(head, loop),
            interim: destination.hasInterimAnswers ? InterimAnswers(self, loop) : nil)
        body = ByteBuffer()
        switch connection.dispatcher.answer(destination, request, on: loop, connection.shared) {
        case .ready(let reply): send(reply)
        case .later(let future):
            progress = .now()
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
        return { links in
            if stream.value.connection.isWritable { stream.value.writeInterim(103, links.map { ("link", $0) }) }
        }
    }

    /// Answers with an error, whatever else the request is waiting for.
    func refuse(_ error: GatewayError) {
        guard phase == .receiving || phase == .answering, reply == nil else { return }
        phase = .answering
        send(dispatcher.failure(error, head, head == nil ? .invalid : destination.kind))
        breakUpload()
    }
}
