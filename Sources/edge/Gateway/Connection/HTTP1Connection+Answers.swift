import Logging
import NIOCore

/// From replies to bytes.
extension HTTP1Connection: BodyPumpOwner {
    /// Bodies up to this size are copied behind their head: one buffer costs less than two.
    private static let copiedBodyBytes = 16 * 1024

    func send(_ reply: Reply) {
        guard let context else { return reply.abandon() }
        if case .tunnel(let tunnel) = reply.body { return begin(tunnel, reply) }
        var closes =
            reply.closes || shared.isDraining || requestCount >= settings.maxRequestsPerConnection
            || !(current?.head.keepsAlive ?? false)
        let isFlow = if case .flow = reply.body { true } else { false }
        let isChunked = isFlow && reply.contentLength == nil && current?.head.minorVersion != 0
        // Without chunks and length only the connection's end tells the body's.
        if isFlow, !isChunked, reply.contentLength == nil { closes = true }
        let persistence: HTTP1Encoder.Persistence =
            closes ? .close : current?.head.minorVersion == 0 ? .keepAlive : .implied
        var body = ByteBuffer()
        if case .bytes(let bytes) = reply.body, current?.head.method != .head { body = bytes }
        let copies = body.readableBytes <= HTTP1Connection.copiedBodyBytes

        var head = ByteBufferAllocator().buffer(
            capacity: HTTP1Encoder.usualHeadBytes + (copies ? body.readableBytes : 0))
        let elapsed = current.map { (NIODeadline.now() - $0.started).nanoseconds } ?? 0
        HTTP1Encoder.writeHead(
            reply, persistence,
            common: shared.common(isSecure: client.isSecure, hasDate: reply.prepared?.hasDate == true),
            micros: settings.tellsTiming(client) ? Int(elapsed / 1_000) : nil, isChunked: isChunked, to: &head)

        if case .stream(let blob, let parts) = reply.body {
            streaming = reply
            streamingHead = head
            streamingCloses = closes
            progress = .now()
            let pump = BodyPump(blob, parts, on: context.eventLoop, owner: self)
            self.pump = pump
            pump.run()
            return
        }
        if case .flow(let stream) = reply.body {
            streaming = reply
            streamingCloses = closes
            streamingChunks = isChunked
            streamingHead = head
            progress = .now()
            let pump = FlowPump(stream, on: context.eventLoop, owner: self)
            self.pump = pump
            pump.run()
            // A client may act on the head long before the first part comes.
            if self.pump === pump { writeStreamingHead() }
            return
        }
        if copies {
            head.writeImmutableBuffer(body)
            write(head)
        } else {
            write(head)
            write(body)
        }
        finish(reply, bodyBytes: body.readableBytes, nanoseconds: elapsed, closes: closes)
    }

    private func finish(_ reply: Reply, bodyBytes: Int, nanoseconds: Int64, closes: Bool) {
        record(reply, current, bodyBytes: bodyBytes, nanoseconds: nanoseconds)
        if closes { return finishConnection() }
        // The rest of the request's body is read, whoever wants it, so that the next request can be.
        if upload != nil {
            isAnswered = true
            progress = .now()
            return
        }
        becomeIdle()
    }

    /// Ready for the next request.
    func becomeIdle() {
        isAnswered = false
        generation += 1
        current = nil
        phase = .idle
        progress = .now()
    }

    var pumpMayWrite: Bool { context?.channel.isWritable ?? false }

    /// A connection has one answer at a time.
    func pumpMayHold(_ byteCount: Int) -> Bool { true }

    private func writeStreamingHead() {
        guard let head = streamingHead else { return }
        streamingHead = nil
        write(head)
    }

    func pumpWrite(_ bytes: ByteBuffer) {
        let count = (current?.bodyBytes ?? 0) + bytes.readableBytes
        if let length = streaming?.contentLength, !streamingChunks, count > length {
            // Behind the end that was declared the client reads the next answer.
            pump?.close()
            return pumpFailed(
                GatewayError(.blobMismatch, "More than \(length) bytes came of content with \(length)", origin: .origin)
            )
        }
        writeStreamingHead()
        current?.bodyBytes = count
        progress = .now()
        guard let context else { return }
        guard streamingChunks else {
            context.writeAndFlush(Self.wrapOutboundOut(bytes), promise: nil)
            return
        }
        var head = context.channel.allocator.buffer(capacity: 16)
        HTTP1Encoder.writeChunkHead(bytes.readableBytes, to: &head)
        context.write(Self.wrapOutboundOut(head), promise: nil)
        context.write(Self.wrapOutboundOut(bytes), promise: nil)
        context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(staticString: "\r\n")), promise: nil)
    }

    func pumpFinished() {
        if phase == .tunnelling { return endTunnelOutput() }
        guard let reply = streaming, let current else { return }
        if let length = reply.contentLength, length != current.bodyBytes, !streamingChunks {
            return pumpFailed(
                GatewayError(
                    .blobMismatch, "\(current.bodyBytes) bytes came of content with \(length)", origin: .origin))
        }
        writeStreamingHead()
        pump = nil
        streaming = nil
        if streamingChunks {
            streamingChunks = false
            write(ByteBuffer(staticString: "0\r\n\r\n"))
        }
        let nanoseconds = (NIODeadline.now() - current.started).nanoseconds
        finish(reply, bodyBytes: current.bodyBytes, nanoseconds: nanoseconds, closes: streamingCloses)
        resume()
    }

    func pumpFailed(_ error: any Error) {
        if phase == .tunnelling { return abort() }
        guard let reply = streaming, let current else { return }
        pump = nil
        streamingChunks = false
        if streamingHead != nil {
            // Nothing has been promised to the client yet, so the failure can still be told.
            streaming = nil
            streamingHead = nil
            send(dispatcher.failure(instead: reply, error, current.head))
            resume()
            return
        }
        logger.warning(
            "A body broke off in the middle; its connection is closed so that nobody takes it for complete",
            metadata: [
                "path": "\(current.head.path)", "sent_bytes": "\(current.bodyBytes)", "error": "\(error)",
                "remote": "\(client.ip)",
            ])
        abort()
    }

    /// Counts and logs one request.
    ///
    /// - Parameter broken: Whether its body was not sent to the end.
    func record(
        _ reply: Reply, _ request: Current?, bodyBytes: Int, nanoseconds: Int64? = nil, broken: Bool = false
    ) {
        guard let loop = context?.eventLoop else { return }
        let elapsed = nanoseconds ?? request.map { (NIODeadline.now() - $0.started).nanoseconds } ?? 0
        recorder.record(
            reply, request?.head, from: client, bodyBytes: bodyBytes, nanoseconds: elapsed, broken: broken, on: loop)
    }
}

extension HTTP1Connection: InterimSender {
    func sendInterim(_ status: Int, _ fields: [(name: String, value: String)], for generation: Int) {
        guard generation == self.generation, phase == .answering, pump == nil, !isAnswered else { return }
        writeInterim(status, fields)
        settle()
    }

    func writeInterim(_ status: Int, _ fields: [(name: String, value: String)]) {
        var bytes = ByteBuffer(string: "HTTP/1.1 \(status) \(HTTPStatus.phrase(status))\r\n")
        for (name, value) in fields { HTTP1Encoder.write(name, value, to: &bytes) }
        bytes.writeStaticString("\r\n")
        write(bytes)
    }
}
