import Logging
import NIOCore
import NIOHPACK
import NIOHTTP2
import Streams

/// From replies to frames.
extension HTTP2Stream: BodyPumpOwner {
    func send(_ reply: Reply) {
        guard let context, phase == .answering else { return reply.abandon() }
        let reply = settled(reply)
        self.reply = reply
        progress = .now()
        let micros =
            settings.tellsTiming(connection.client) ? Int((NIODeadline.now() - started).nanoseconds / 1_000) : nil
        let headers = HTTP2AnswerHead.make(
            reply, connection.shared, isSecure: connection.client.isSecure, micros: micros)
        switch reply.body {
        case .bytes(let bytes) where bytes.readableBytes > 0 && head?.method != .head:
            write(headers, endStream: false)
            if bytes.readableBytes <= GatewayBlock.byteCount {
                bodyBytes = bytes.readableBytes
                finish(with: bytes)
            } else {
                start(SlicePump(bytes, owner: self))
            }
        case .tunnel(let tunnel):
            write(headers, endStream: false)
            context.flush()
            begin(tunnel, on: context.eventLoop)
        case .none, .bytes:
            write(headers, endStream: true)
            context.flush()
            finished()
        case .stream(let blob, let parts):
            waitingHead = headers
            start(BodyPump(blob, parts, on: context.eventLoop, owner: self))
        case .flow(let stream):
            // A client may act on the head long before the first part comes.
            write(headers, endStream: false)
            context.flush()
            start(FlowPump(stream, on: context.eventLoop, owner: self))
        }
    }

    func start(_ pump: any Pump) {
        self.pump = pump
        pump.run()
    }

    private func write(_ headers: HPACKHeaders, endStream: Bool) {
        let payload = HTTP2Frame.FramePayload.Headers(headers: headers, endStream: endStream)
        context?.write(Self.wrapOutboundOut(.headers(payload)), promise: nil)
    }

    private func finish(with bytes: ByteBuffer) {
        guard let context else { return }
        let data = HTTP2Frame.FramePayload.Data(data: .byteBuffer(bytes), endStream: true)
        let sent = isReceived ? nil : context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(Self.wrapOutboundOut(.data(data)), promise: sent)
        finished(after: sent?.futureResult)
    }

    /// Everything is written.
    ///
    /// - Parameter sent: When it has left for the client, which a reset before would keep from it; nil for now.
    private func finished(after sent: EventLoopFuture<Void>? = nil) {
        guard phase == .answering, let reply else { return }
        phase = .answered
        progress = .now()
        record(reply)
        // The rest of the request is not needed (RFC 9113 section 8.1), or has no meaning (section 8.1.1).
        guard !isReceived else { return }
        let code: HTTP2ErrorCode = reply.error?.code == .badRequest ? .protocolError : .noError
        guard let sent else { return reset(code) }
        sent.assumeIsolated().whenComplete { _ in if !self.isReceived { self.reset(code) } }
    }

    var pumpMayWrite: Bool { context?.channel.isWritable ?? false }

    func pumpWrite(_ bytes: ByteBuffer) {
        if let headers = waitingHead {
            waitingHead = nil
            write(headers, endStream: false)
        }
        bodyBytes += bytes.readableBytes
        progress = .now()
        let data = HTTP2Frame.FramePayload.Data(data: .byteBuffer(bytes), endStream: false)
        context?.writeAndFlush(Self.wrapOutboundOut(.data(data)), promise: nil)
    }

    func pumpFinished() {
        pump = nil
        if phase == .tunnelling { return endTunnelOutput() }
        guard phase == .answering, let reply else { return }
        if let headers = waitingHead {
            waitingHead = nil
            write(headers, endStream: false)
        }
        if let length = reply.contentLength, length != bodyBytes {
            return pumpFailed(
                GatewayError(.blobMismatch, "\(bodyBytes) bytes came of content with \(length)", origin: .origin))
        }
        finish(with: ByteBuffer())
    }

    func pumpFailed(_ error: any Error) {
        pump = nil
        if phase == .tunnelling { return reset(.cancel) }
        guard phase == .answering, let reply else { return }
        if waitingHead != nil {
            // Nothing has been promised to the client yet, so the failure can still be told.
            waitingHead = nil
            self.reply = nil
            return send(dispatcher.failure(error, head, reply.kind))
        }
        dispatcher.logger.warning(
            "A body broke off in the middle; its stream is reset so that nobody takes it for complete",
            metadata: [
                "path": "\(head?.path ?? "-")", "sent_bytes": "\(bodyBytes)", "error": "\(error)",
                "remote": "\(connection.client.ip)",
            ])
        reset(.internalError)
    }

    func record(_ reply: Reply, broken: Bool = false) {
        guard let context else { return }
        connection.recorder.record(
            reply, head, from: connection.client, bodyBytes: bodyBytes,
            nanoseconds: (NIODeadline.now() - started).nanoseconds, broken: broken, on: context.eventLoop)
    }
}

extension HTTP2Stream: InterimSender {
    func sendInterim(_ status: Int, _ fields: [(name: String, value: String)], for generation: Int) {
        if phase == .answering, reply == nil { writeInterim(status, fields) }
    }

    func writeInterim(_ status: Int, _ fields: [(name: String, value: String)]) {
        var headers: HPACKHeaders = [":status": String(status)]
        for (name, value) in fields { headers.add(name: name, value: value) }
        let interim = HTTP2Frame.FramePayload.Headers(headers: headers)
        context?.writeAndFlush(Self.wrapOutboundOut(.headers(interim)), promise: nil)
    }
}
