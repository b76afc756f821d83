import Functions
import Identity
import NIOCore
import Peering
import Streams
import Synchronization
import Wire

/// Runs calls that other nodes hand on.
///
/// What a call holds here between two requests about it is its two bodies' windows, 256 KiB each, until it is over, its
/// node stops it, or nothing about it was asked for ``maxIdle``.
final class CallServer: Sendable {
    /// Calls of one node, and of all.
    private static let maxCallsOfOne = 256
    private static let maxCalls = 2_048
    /// How often a node that waits for a part of a body hears that there is none yet.
    static let pulse = TimeAmount.seconds(20)
    /// A body that nobody reads for so long is nobody's any more.
    static let maxIdle = TimeAmount.seconds(180)
    private static let sweepInterval = Duration.seconds(30)

    /// Runs a call, or hands it on; the second is how often it was handed on so far.
    typealias Run = @Sendable (FunctionVersion, FunctionCall, UInt8) async throws(CallFailure) -> FunctionReply

    private struct Key: Hashable {
        let peer: NodeID
        let call: UInt64
    }

    private struct Entry {
        let cancellation = Cancellation()
        /// Nil if the body came whole.
        var upload: ByteStream?
        /// The rest of the answer's body.
        var rest = ByteBuffer()
        var download: ByteStream?
        /// A part that was asked for and is not there yet.
        var pending: EventLoopFuture<ByteBuffer?>?
        var isAnswered = false
        var isBusy = false
        var lastUse = NIODeadline.now()
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var counts: [NodeID: Int] = [:]

        mutating func remove(_ key: Key) -> Entry? {
            guard let entry = entries.removeValue(forKey: key) else { return nil }
            let count = counts[key.peer, default: 1] - 1
            counts[key.peer] = count > 0 ? count : nil
            return entry
        }
    }

    private let state = Mutex(State())
    private let runCall: Run
    /// Who pays for calls.
    private let paid: PaidCalls

    init(paid: PaidCalls = PaidCalls(), run: @escaping Run) {
        self.paid = paid
        runCall = run
    }

    /// Calls that are under way.
    var count: Int { state.withLock { $0.entries.count } }

    /// Lets go of calls whose nodes do not ask any more, until cancelled.
    func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: CallServer.sweepInterval)
            sweep(now: .now())
        }
    }

    func sweep(now: NIODeadline) {
        let gone = state.withLock { state in
            state.entries.filter {
                $0.value.isAnswered && !$0.value.isBusy && now - $0.value.lastUse > CallServer.maxIdle
            }
            .keys.compactMap { state.remove($0) }
        }
        for entry in gone { CallServer.end(entry) }
    }

    /// The answer to a request; nil if it is for another room.
    func serve(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply>? {
        do {
            switch request.type {
            case .callBegin: return try begin(request, on: eventLoop)
            case .callSend: return try send(request, on: eventLoop)
            case .callRead: return try read(request, on: eventLoop)
            case .callStop:
                try stop(request)
                return eventLoop.makeSucceededFuture(PeerReply(type: .callStopped, body: ByteBuffer()))
            default: return nil
            }
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
    }

    // MARK: Begin

    private func begin(_ request: PeerRequest, on eventLoop: any EventLoop) throws(PeerError) -> EventLoopFuture<
        PeerReply
    > {
        let begin = try CallFrames.begin(request.body)
        let key = Key(peer: request.peer, call: begin.call)
        var entry = Entry()
        if begin.hasMore {
            let upload = ByteStream()
            upload.append(begin.body)
            entry.upload = upload
        }
        // Registered before the next frame is read: it may be about this call.
        try register(entry, key)
        if let refusal = paid.refusal(of: begin.request.id, by: request.peer) {
            over(key)
            throw refusal
        }
        let call = FunctionCall(
            id: begin.request.id, trace: begin.request.trace.isEmpty ? nil : begin.request.trace,
            method: begin.request.method, url: begin.request.url, headers: begin.request.headers,
            body: entry.upload.map { .stream($0) } ?? .bytes(begin.body),
            deadline: .now() + .milliseconds(Int64(begin.deadlineMillis)), cancellation: entry.cancellation)
        let version = FunctionVersion(tenant: begin.tenant, release: begin.release)
        let (runCall, hops) = (runCall, begin.hops)
        return eventLoop.makeFutureWithTask {
            let answer: CallFrames.Answer
            do throws(CallFailure) {
                answer = self.answered(try await runCall(version, call, hops), key)
            } catch {
                self.over(key)
                answer = .failure(
                    code: error.error.code.rawValue, message: error.error.message,
                    retryAfterMillis: error.error.retryAfter.map { UInt32(clamping: Int64($0 / .milliseconds(1))) },
                    wasRun: error.mayHaveRun)
            }
            // What ran here has told what it used before it answered; of what ran elsewhere nobody hears otherwise.
            self.paid.ended(call.id, cpuMicroseconds: nil)
            return PeerReply(type: .callAnswer, body: CallFrames.encode(answer))
        }
    }

    private func register(_ entry: Entry, _ key: Key) throws(PeerError) {
        let refusal = state.withLock { state -> PeerError? in
            guard state.entries[key] == nil else { return PeerError(.refused, "A call's id is in use") }
            let count = state.counts[key.peer, default: 0]
            guard count < CallServer.maxCallsOfOne, state.entries.count < CallServer.maxCalls else {
                return PeerError(.busy, "This node works on as many calls as it takes")
            }
            state.entries[key] = entry
            state.counts[key.peer] = count + 1
            return nil
        }
        if let refusal { throw refusal }
    }

    private func answered(_ reply: FunctionReply, _ key: Key) -> CallFrames.Answer {
        var first = ByteBuffer()
        let hasMore = state.withLock { state -> Bool? in
            guard var entry = state.entries[key] else { return nil }
            switch reply.body {
            case .bytes(var bytes):
                first = bytes.readSlice(length: min(bytes.readableBytes, CallFrames.maxPartBytes)) ?? ByteBuffer()
                guard bytes.readableBytes > 0 else {
                    _ = state.remove(key)
                    return false
                }
                entry.rest = bytes
            case .stream(let stream): entry.download = stream
            }
            entry.isAnswered = true
            entry.lastUse = .now()
            state.entries[key] = entry
            return true
        }
        if hasMore == nil { reply.body.stop() }
        return .reply(
            status: UInt16(clamping: reply.status), headers: reply.headers, body: first, hasMore: hasMore ?? false)
    }

    // MARK: Bodies

    private func send(_ request: PeerRequest, on eventLoop: any EventLoop) throws(PeerError) -> EventLoopFuture<
        PeerReply
    > {
        var bytes = request.body
        let key = Key(peer: request.peer, call: try CallFrames.call(&bytes))
        let (part, body) = try CallFrames.part(&bytes)
        let upload = state.withLock { $0.entries[key]?.upload }
        guard let upload else { return eventLoop.makeSucceededFuture(CallServer.sent(wantsMore: false)) }
        return eventLoop.makeFutureWithTask {
            do {
                if body.readableBytes > 0 { try await upload.write(body) }
            } catch {
                return CallServer.sent(wantsMore: false)
            }
            switch part {
            case .more: break
            case .last: upload.finish()
            case .broken: upload.fail(FunctionError(.cancelled, "the request's body broke off"))
            }
            return CallServer.sent(wantsMore: part == .more)
        }
    }

    private static func sent(wantsMore: Bool) -> PeerReply {
        PeerReply(type: .callSent, body: ByteBuffer(integer: wantsMore ? 1 : 0, as: UInt8.self))
    }

    private enum Next {
        case part(ByteBuffer, isLast: Bool)
        case wait(EventLoopFuture<ByteBuffer?>)
        case ask(ByteStream)
    }

    private func read(_ request: PeerRequest, on eventLoop: any EventLoop) throws(PeerError) -> EventLoopFuture<
        PeerReply
    > {
        var bytes = request.body
        let key = Key(peer: request.peer, call: try CallFrames.call(&bytes))
        let next = state.withLock { state -> Next? in
            guard var entry = state.entries[key], entry.isAnswered, !entry.isBusy else { return nil }
            entry.lastUse = .now()
            if let part = CallServer.slice(&entry.rest) {
                let isLast = entry.rest.readableBytes == 0 && entry.download == nil
                state.entries[key] = entry
                if isLast { _ = state.remove(key) }
                return .part(part, isLast: isLast)
            }
            guard let download = entry.download else { return nil }
            entry.isBusy = true
            state.entries[key] = entry
            return entry.pending.map { .wait($0) } ?? .ask(download)
        }
        switch next {
        case nil: throw PeerError(.refused, "There is no such call, or it is read already")
        case .part(let part, let isLast):
            return eventLoop.makeSucceededFuture(CallServer.part(isLast ? .last : .more, part))
        case .wait(let pending): return arrival(of: pending, key, on: eventLoop)
        case .ask(let download):
            let pending = download.next(on: eventLoop)
            state.withLock { $0.entries[key]?.pending = pending }
            return arrival(of: pending, key, on: eventLoop)
        }
    }

    private func arrival(
        of pending: EventLoopFuture<ByteBuffer?>, _ key: Key, on eventLoop: any EventLoop
    ) -> EventLoopFuture<PeerReply> {
        CallServer.within(CallServer.pulse, pending, on: eventLoop).map { self.arrived($0, key) }
    }

    /// How the future ends; nil if that takes longer.
    private static func within<Value: Sendable>(
        _ time: TimeAmount, _ future: EventLoopFuture<Value>, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Result<Value, any Error>?> {
        let promise = eventLoop.makePromise(of: Result<Value, any Error>?.self)
        let timer = eventLoop.scheduleTask(in: time) { promise.succeed(nil) }
        future.whenComplete { result in
            timer.cancel()
            promise.succeed(result)
        }
        return promise.futureResult
    }

    private func arrived(_ result: Result<ByteBuffer?, any Error>?, _ key: Key) -> PeerReply {
        guard let result else {
            state.withLock { $0.entries[key]?.isBusy = false }
            return CallServer.part(.more, ByteBuffer())
        }
        guard case .success(.some(var whole)) = result else {
            over(key)
            if case .success = result { return CallServer.part(.last, ByteBuffer()) }
            return CallServer.part(.broken, ByteBuffer())
        }
        let part = CallServer.slice(&whole) ?? ByteBuffer()
        state.withLock { state in
            state.entries[key]?.rest = whole
            state.entries[key]?.pending = nil
            state.entries[key]?.isBusy = false
            state.entries[key]?.lastUse = .now()
        }
        return CallServer.part(.more, part)
    }

    private static func slice(_ bytes: inout ByteBuffer) -> ByteBuffer? {
        guard bytes.readableBytes > 0 else { return nil }
        return bytes.readSlice(length: min(bytes.readableBytes, CallFrames.maxPartBytes))
    }

    private static func part(_ part: CallFrames.Part, _ body: ByteBuffer) -> PeerReply {
        PeerReply(type: .callPart, body: CallFrames.encode(part, body))
    }

    // MARK: End

    private func stop(_ request: PeerRequest) throws(PeerError) {
        var bytes = request.body
        over(Key(peer: request.peer, call: try CallFrames.call(&bytes)))
    }

    private func over(_ key: Key) {
        if let entry = state.withLock({ $0.remove(key) }) { CallServer.end(entry) }
    }

    private static func end(_ entry: Entry) {
        entry.cancellation.cancel()
        entry.upload?.fail(FunctionError(.cancelled, "nobody waits for the call any more"))
        entry.download?.stop()
    }
}
