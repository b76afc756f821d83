import Logging
import NIOCore
import NIOHPACK
import NIOHTTP2
import Streams

/// From replies to frames.
extension HTTP2Stream: BodyPumpOwner {
    /// A client that has taken less than this within the time for writes takes nothing.
    private static let paceBytes = 16 * 1024

    func send(_ reply: Reply) {
        guard phase == .answering else { return reply.abandon() }
        let reply = settled(reply)
        self.reply = reply
        progress = .now()
        let micros = connection.tellsTiming ? Int((progress - started).nanoseconds / 1_000) : nil
        let headers = HTTP2AnswerHead.make(
            reply, connection.shared, isSecure: connection.client.isSecure, micros: micros)
        switch reply.body {
        case .bytes(let bytes) where bytes.readableBytes > 0 && head?.method != .head:
            write(headers, endStream: false)
            bodyBytes = bytes.readableBytes
            isEnding = true
            pending = bytes
            if isReceived, bytes.readableBytes <= window, connection.mayWrite(bytes.readableBytes) {
                sendFrame(bytes.readableBytes)
            } else {
                connection.ready(self)
            }
        case .none, .bytes:
            write(headers, endStream: true)
            ended()
        case .tunnel(let tunnel):
            write(headers, endStream: false)
            begin(tunnel)
        case .stream(let blob, let parts):
            waitingHead = headers
            start(BodyPump(blob, parts, on: connection.loop, owner: self))
        case .flow(let stream):
            waitingHead = headers
            start(FlowPump(stream, on: connection.loop, owner: self))
            // A client may act on the head long before the first part comes.
            writeWaitingHead()
        }
        connection.flush()
    }

    func start(_ pump: any Pump) {
        self.pump = pump
        pump.run()
    }

    private func write(_ headers: HPACKHeaders, endStream: Bool) {
        connection.write(.headers(.init(headers: headers, endStream: endStream)), on: id)
    }

    /// Whether there is something for its turn.
    var canSend: Bool { window > 0 && pending.readableBytes > 0 }

    /// Writes one frame.
    ///
    /// - Returns: Its bytes; zero if there is nothing for it.
    @discardableResult
    func sendFrame(_ maxBytes: Int) -> Int {
        guard canSend else { return 0 }
        let count = min(pending.readableBytes, maxBytes, window)
        window -= count
        guard count == pending.readableBytes else {
            let part = pending.readSlice(length: count) ?? ByteBuffer()
            connection.writeData(part, endStream: false, on: id)
            pace(count)
            return count
        }
        let last = pending
        pending = ByteBuffer()
        if isEnding {
            writeEnd(last)
        } else {
            connection.writeData(last, endStream: false, on: id)
            pieceIsSent()
        }
        return count
    }

    private func pace(_ byteCount: Int) {
        pacedBytes += byteCount
        guard pacedBytes >= HTTP2Stream.paceBytes else { return }
        pacedBytes = 0
        progress = .now()
    }

    /// The client gets the next piece.
    private func pieceIsSent() {
        progress = .now()
        pacedBytes = 0
        let count = heldBytes
        heldBytes = 0
        if count > 0 { connection.letGo(count) }
        pump?.run()
    }

    /// Writes the last frame.
    private func writeEnd(_ bytes: ByteBuffer) {
        // Until it has left, a reset would keep it from the client.
        let isWaiting = !isReceived && phase == .answering
        let sent = isWaiting ? connection.loop.makePromise(of: Void.self) : nil
        connection.writeData(bytes, endStream: true, on: id, promise: sent)
        ended(sent?.futureResult)
    }

    /// Everything is written.
    ///
    /// - Parameter sent: When it has left, if that has to be waited for.
    private func ended(_ sent: EventLoopFuture<Void>? = nil) {
        guard phase == .answering, let reply else { return }
        phase = .answered
        progress = .now()
        record(reply, at: progress)
        guard !isReceived else { return end() }
        // The rest of the request is not needed (RFC 9113 section 8.1), or has no meaning (section 8.1.1).
        let code: HTTP2ErrorCode = reply.error?.code == .badRequest ? .protocolError : .noError
        guard let sent else { return reset(code) }
        sent.assumeIsolated().whenComplete { _ in self.reset(code) }
    }

    /// Sends what is still there, and then the end.
    func finish() {
        isEnding = true
        if pending.readableBytes == 0 { writeEnd(ByteBuffer()) }
        connection.flush()
    }

    var pumpMayWrite: Bool { pending.readableBytes == 0 && (phase == .answering || phase == .tunnelling) }

    func pumpMayHold(_ byteCount: Int) -> Bool {
        guard connection.content.hold(byteCount, for: self) else { return false }
        aheadBytes = byteCount
        return true
    }

    func pumpWrite(_ bytes: ByteBuffer) {
        writeWaitingHead()
        heldBytes = aheadBytes
        aheadBytes = 0
        pending = bytes
        bodyBytes += bytes.readableBytes
        progress = .now()
        pacedBytes = 0
        // Content is complete with its last byte; whatever flows may still fail.
        if case .stream? = reply?.body, bodyBytes == reply?.contentLength { isEnding = true }
        connection.ready(self)
    }

    private func writeWaitingHead() {
        guard let headers = waitingHead else { return }
        waitingHead = nil
        write(headers, endStream: false)
    }

    func pumpFinished() {
        pump = nil
        guard !isEnding else { return }
        if phase == .tunnelling { return finish() }
        guard phase == .answering, let reply else { return }
        if let length = reply.contentLength, length != bodyBytes {
            return pumpFailed(
                GatewayError(.blobMismatch, "\(bodyBytes) bytes came of content with \(length)", origin: .origin))
        }
        writeWaitingHead()
        finish()
    }

    func pumpFailed(_ error: any Error) {
        pump = nil
        if phase == .tunnelling { return reset(.cancel) }
        guard phase == .answering, let reply else { return }
        if waitingHead != nil {
            // Nothing has been promised to the client yet, so the failure can still be told.
            waitingHead = nil
            self.reply = nil
            return send(dispatcher.failure(instead: reply, error, head))
        }
        dispatcher.logger.warning(
            "A body broke off in the middle; its stream is reset so that nobody takes it for complete",
            metadata: [
                "path": "\(head?.path ?? "-")", "sent_bytes": "\(bodyBytes)", "error": "\(error)",
                "remote": "\(connection.client.ip)",
            ])
        reset(.internalError)
    }

    func record(_ reply: Reply, at now: NIODeadline, broken: Bool = false) {
        connection.recorder.record(
            reply, head, from: connection.client, bodyBytes: bodyBytes - pending.readableBytes,
            nanoseconds: (now - started).nanoseconds, broken: broken, on: connection.loop)
    }
}

extension HTTP2Stream: InterimSender {
    func sendInterim(_ status: Int, _ fields: [(name: String, value: String)], for generation: Int) {
        // For a client that is behind it would only be one more thing that waits.
        guard phase == .answering, reply == nil, connection.isWritable else { return }
        writeInterim(status, fields)
    }

    func writeInterim(_ status: Int, _ fields: [(name: String, value: String)]) {
        var headers: HPACKHeaders = [":status": String(status)]
        for (name, value) in fields { headers.add(name: name, value: value) }
        write(headers, endStream: false)
        connection.flush()
    }
}
