import Logging
import NIOCore
import NIOHTTP2

/// How far the end of a connection has come.
struct HTTP2Ending {
    var timer: Scheduled<Void>?
    /// Whether `timer` is for a connection without streams, and far away.
    var timerIsLong = false
    /// Since when there has been no stream.
    var idleStart = NIODeadline.now()
    /// When the client was told that the connection ends.
    var start: NIODeadline?
    /// The last frame is written.
    var isLast = false
    /// Everything has left, and our side is closed.
    var isOutputClosed = false
    var isInputClosed = false
    /// NIOHTTP2 speaks with the client no more, or nobody does.
    var isBroken = false
}

/// The end of a connection, and what is late on it.
extension HTTP2Connection {
    /// How often streams are checked for time-outs: one timer a connection, none a request.
    static let tick = TimeAmount.milliseconds(500)

    /// When a connection without streams is told to end, or closed because it was told.
    private var idleDeadline: NIODeadline {
        guard let start = ending.start else { return ending.idleStart + TimeAmount(settings.idleTimeout) }
        let isLeaving = ending.isLast && !ending.isOutputClosed
        return max(start, ending.idleStart) + TimeAmount(isLeaving ? settings.writeTimeout : settings.lingerTimeout)
    }

    func schedule() {
        guard context != nil else { return }
        ending.timer?.cancel()
        ending.timerIsLong = streams.isEmpty
        let next = ending.timerIsLong ? idleDeadline : .now() + HTTP2Connection.tick
        ending.timer = loop.assumeIsolated().scheduleTask(deadline: next) { self.checkTimes() }
    }

    private func checkTimes() {
        let now = NIODeadline.now()
        for stream in streams.all { stream.check(now) }
        if streams.isEmpty, now >= idleDeadline {
            // Who does not answer to the end stays for ever otherwise.
            if ending.start != nil { return abort() }
            drain()
        }
        schedule()
    }

    func drain() {
        guard ending.start == nil, context != nil else { return }
        ending.start = .now()
        // Requests behind the last one may be on their way. NIOHTTP2 reads none from now on, and their client knows by this
        // number that it can ask again elsewhere (RFC 9113 section 6.8).
        if !streams.isEmpty || isReading { writeEnd(.noError) }
        if ending.timerIsLong { schedule() }
        flush()
    }

    /// Says which request was the last.
    private func writeEnd(_ code: HTTP2ErrorCode, promise: EventLoopPromise<Void>? = nil) {
        let end = HTTP2Frame.FramePayload.goAway(lastStreamID: lastStreamID, errorCode: code, opaqueData: nil)
        write(end, on: .rootStream, promise: promise)
    }

    /// The client sends no more. What it asked for is still answered, except by whoever works for it alone.
    func inputClosed() {
        ending.isInputClosed = true
        for stream in streams.all { stream.inputClosed() }
        if ending.isOutputClosed { context?.close(promise: nil) }
        flush()
    }

    /// Ends the connection if nothing is left to do.
    func endWhenDone() {
        guard ending.start != nil || ending.isInputClosed, streams.isEmpty, isWritable else { return }
        guard !ending.isLast, !ending.isBroken, context != nil else { return }
        ending.isLast = true
        if ending.start == nil { ending.start = .now() }
        // When this has left, so has everything else.
        let sent = loop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { _ in self.closeOutput() }
        writeEnd(.noError, promise: sent)
        flushRound()
        schedule()
    }

    /// Closes our side, so that the client can read everything before a reset could destroy it; and the rest if there is
    /// nobody to wait for.
    private func closeOutput() {
        guard let context, !ending.isOutputClosed else { return }
        ending.isOutputClosed = true
        ending.idleStart = .now()
        if ending.isInputClosed { return context.close(promise: nil) }
        context.close(mode: .output, promise: nil)
        schedule()
    }

    func abort() { context?.close(promise: nil) }

    func cut() {
        if ending.isOutputClosed { context?.channel.closeWithoutFarewell() }
    }

    /// Ends a stream whose client broke a rule that concerns no other (RFC 9113 section 5.4.2). Who goes on like that has
    /// work begun only to throw it away.
    func malformed(_ id: HTTP2StreamID) {
        writeReset(.protocolError, on: id)
        streams[id]?.end()
        if faults.admits(.now()) { return flush() }
        dispatcher.logger.debug(
            "An HTTP/2 connection failed", metadata: ["remote": "\(client.ip)", "error": "too many malformed requests"])
        hangUp(.enhanceYourCalm)
    }

    /// Closes a connection whose client cannot be spoken with.
    ///
    /// - Parameter code: What it is told; nil if it has been told.
    func hangUp(_ code: HTTP2ErrorCode?) {
        guard let context, !ending.isBroken else { return }
        ending.isBroken = true
        if let code {
            writeEnd(code)
            flushRound()
        }
        // The GOAWAY is on its way. Reading on would be work for whoever misbehaves; closing at once could take it back.
        let channel = context.channel
        try? channel.syncOptions?.setOption(.autoRead, value: false)
        context.eventLoop.execute { channel.close(mode: .output, promise: nil) }
        context.eventLoop.scheduleTask(in: TimeAmount(settings.lingerTimeout)) { channel.close(promise: nil) }
    }
}
