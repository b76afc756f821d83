import Calls
import Channels
import Functions
import Identity
import NIOCore
import Peering
import Streams
import Synchronization
import Wire

/// Runs calls that other nodes hand on, and those of clients who pay for them.
///
/// A client is given no more of an answer's body while it owes more than what is delivered on credit.
///
/// What a call holds here between two requests about it is its two bodies' windows, 256 KiB each, until it is over, its
/// node stops it, or nothing about it was asked for ``maxIdle``.
final class CallServer: Sendable {
    /// Calls of one node, and of all.
    private static let maxCallsOfOne = 256
    private static let maxCalls = 2_048
    /// Calls of clients, of all of them: they leave room for those of nodes.
    private static let maxCallsOfClients = 512
    /// How often a node that waits for a part of a body hears that there is none yet.
    static let pulse = TimeAmount.seconds(20)
    /// A body that nobody reads for so long is nobody's any more.
    static let maxIdle = TimeAmount.seconds(180)
    private static let sweepInterval = Duration.seconds(30)
    /// Why a client's call has no answer though it ran.
    static let aboveLimit = FunctionError.Code(rawValue: "function/gas-limit")

    /// Runs a call, or hands it on; the number is how often it was handed on so far. The loop is the connection's.
    typealias Run =
        @Sendable (FunctionVersion, FunctionCall, UInt8, any EventLoop) async throws(CallFailure) -> FunctionReply

    private struct Key: Hashable {
        let peer: NodeID
        let call: UInt64
    }

    private struct Entry {
        let cancellation = Cancellation()
        let isClients: Bool
        /// What the caller has not asked for of the answer's heads; nil once it has the last, and if it takes one alone.
        var heads: CallHeads?
        /// Nil if the body came whole.
        var upload: ByteStream?
        /// Bytes that may follow.
        var uploadRoom = Int.max
        /// A part of it waits for room.
        var isReceiving = false
        /// What a client must have paid before it reads the body; nil for a node's call.
        var ticket: UnitTicket?
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
        var ofClients = 0

        mutating func remove(_ key: Key) -> Entry? {
            guard let entry = entries.removeValue(forKey: key) else { return nil }
            let count = counts[key.peer, default: 1] - 1
            counts[key.peer] = count > 0 ? count : nil
            if entry.isClients { ofClients -= 1 }
            return entry
        }
    }

    private let state = Mutex(State())
    private let runCall: Run
    /// Who pays for calls.
    private let paid: PaidCalls
    private let clients: ClientCalls?

    /// - Parameter clients: What clients' calls reach; nil refuses them.
    init(paid: PaidCalls = PaidCalls(), clients: ClientCalls? = nil, run: @escaping Run) {
        self.paid = paid
        self.clients = clients
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
        let isClients = begin.mostGas != nil
        guard isClients || !paid.isClient(request.peer) else {
            throw PeerError(.notOnLedger, "Node \(request.peer.short) does not take part, and hands on no calls")
        }
        let key = Key(peer: request.peer, call: begin.call)
        var entry = Entry(isClients: isClients)
        if begin.hasMore {
            let upload = ByteStream()
            upload.append(begin.body)
            entry.upload = upload
        }
        if begin.takesInterim, !isClients { entry.heads = CallHeads() }
        if isClients { entry.uploadRoom = (clients?.maxBodyBytes ?? 0) - begin.body.readableBytes }
        // Registered before the next frame is read: it may be about this call.
        try register(entry, key)
        let work: Work
        do throws(CallFailure) { work = try self.work(begin, entry, by: request.peer) } catch {
            over(key)
            let answer = CallFrames.encode(CallServer.answer(error), gas: isClients ? 0 : nil)
            return eventLoop.makeSucceededFuture(PeerReply(type: .callAnswer, body: answer))
        }
        let mostGas = begin.mostGas.map { UInt64($0) } ?? .max
        if let refusal = paid.refusal(of: work.call.id, by: request.peer, atMost: mostGas) {
            over(key)
            throw refusal
        }
        let run: @Sendable () async -> CallHeads.Last = {
            let result: Result<FunctionReply, CallFailure>
            do throws(CallFailure) {
                result = .success(try await self.run(work, on: eventLoop))
            } catch {
                result = .failure(error)
            }
            // What ran here has told what it used before it answered; of what ran elsewhere nobody hears otherwise.
            let bill = self.paid.ended(work.call.id)
            return { self.answer(result, to: work, bill, key) }
        }
        guard let heads = entry.heads else {
            return eventLoop.makeFutureHere { PeerReply(type: .callAnswer, body: await run()()) }
        }
        let first = heads.next(on: eventLoop)
        _ = eventLoop.makeFutureHere { self.ended(heads, await run(), key) }
        return first.map { PeerReply(type: .callAnswer, body: $0) }
    }

    /// The final head is there: it goes when it is asked for, and the call is nobody's if that never happens.
    private func ended(_ heads: CallHeads, _ last: @escaping CallHeads.Last, _ key: Key) {
        heads.finish {
            self.state.withLock { $0.entries[key]?.heads = nil }
            return last()
        }
        state.withLock { state in
            guard state.entries[key]?.heads != nil else { return }
            state.entries[key]?.isAnswered = true
            state.entries[key]?.lastUse = .now()
        }
    }

    /// What is run for a request.
    private struct Work: Sendable {
        let version: FunctionVersion
        let call: FunctionCall
        let hops: UInt8
        let isClients: Bool

        init(_ what: (FunctionVersion, FunctionCall), hops: UInt8, isClients: Bool) {
            (version, call) = what
            self.hops = hops
            self.isClients = isClients
        }
    }

    private func work(_ begin: CallFrames.Begin, _ entry: Entry, by peer: NodeID) throws(CallFailure) -> Work {
        let deadline = NIODeadline.now() + .milliseconds(Int64(begin.deadlineMillis))
        if begin.mostGas != nil {
            guard let clients else {
                throw .refused(FunctionError(.unreachable, "This node runs no calls of clients"))
            }
            return Work(
                try clients.call(begin, entry.upload, by: peer, deadline, cancellation: entry.cancellation),
                hops: begin.hops, isClients: true)
        }
        let interim = entry.heads.map { heads -> FunctionCall.InterimListener in { heads.add($0, $1) } }
        let call = FunctionCall(
            id: begin.request.id, trace: begin.request.trace.isEmpty ? nil : begin.request.trace,
            method: begin.request.method, url: begin.request.url, headers: begin.request.headers,
            body: entry.upload.map { .stream($0) } ?? .bytes(begin.body), deadline: deadline,
            cancellation: entry.cancellation, interim: interim)
        let version = FunctionVersion(tenant: begin.tenant, release: begin.release)
        return Work((version, call), hops: begin.hops, isClients: false)
    }

    private func run(_ work: Work, on eventLoop: any EventLoop) async throws(CallFailure) -> FunctionReply {
        guard work.isClients, let clients else {
            return try await runCall(work.version, work.call, work.hops, eventLoop)
        }
        return try await clients.run(work.version, work.call)
    }

    private func answer(
        _ result: Result<FunctionReply, CallFailure>, to work: Work, _ bill: PaidCalls.Bill?, _ key: Key
    ) -> ByteBuffer {
        let answer: CallFrames.Answer
        switch result {
        case .failure(let failure):
            over(key)
            answer = CallServer.answer(failure)
        case .success(let reply):
            if work.isClients, let bill, bill.isAboveLimit {
                over(key)
                reply.body.stop()
                answer = CallServer.answer(
                    .final(
                        FunctionError(
                            CallServer.aboveLimit,
                            "The call used \(bill.usedGas) units of gas, more than the \(bill.gas) that are paid for it"
                        )))
            } else if !CallFrames.mayCarry(reply.headers) {
                // The caller would take no answer at all for a fault of this node's.
                over(key)
                reply.body.stop()
                answer = CallServer.answer(
                    .final(FunctionError(.badResponse, "the headers of the answer are too many or too long")))
            } else {
                answer = answered(reply, key, work.isClients ? bill?.ticket : nil)
            }
        }
        return CallFrames.encode(answer, gas: work.isClients ? UInt32(clamping: bill?.gas ?? 0) : nil)
    }

    private static func answer(_ failure: CallFailure) -> CallFrames.Answer {
        .failure(
            code: failure.error.code.rawValue, message: failure.error.message,
            retryAfterMillis: failure.error.retryAfter.map { UInt32(clamping: Int64($0 / .milliseconds(1))) },
            wasRun: failure.mayHaveRun)
    }

    private func register(_ entry: Entry, _ key: Key) throws(PeerError) {
        let refusal = state.withLock { state -> PeerError? in
            guard state.entries[key] == nil else { return PeerError(.refused, "A call's id is in use") }
            let count = state.counts[key.peer, default: 0]
            guard count < CallServer.maxCallsOfOne, state.entries.count < CallServer.maxCalls,
                !entry.isClients || state.ofClients < CallServer.maxCallsOfClients
            else {
                return PeerError(.busy, "This node works on as many calls as it takes")
            }
            state.entries[key] = entry
            state.counts[key.peer] = count + 1
            if entry.isClients { state.ofClients += 1 }
            return nil
        }
        if let refusal { throw refusal }
    }

    private func answered(_ reply: FunctionReply, _ key: Key, _ ticket: UnitTicket?) -> CallFrames.Answer {
        var first = ByteBuffer()
        let isHeldBack = ticket.map { !paid.isWithinCredit($0) } ?? false
        var (ready, isAll) = (ByteBuffer(), false)
        if case .stream(let stream) = reply.body, !isHeldBack, state.withLock({ $0.entries[key]?.upload == nil }) {
            // A short body is mostly here with its head, and needs no questions of its own.
            let taken = stream.takeReady()
            (ready, isAll) = (taken.bytes ?? ByteBuffer(), taken.isLast)
        }
        let hasMore = state.withLock { state -> Bool? in
            guard var entry = state.entries[key] else { return nil }
            switch reply.body {
            case .bytes(var bytes):
                if !isHeldBack { first = CallServer.slice(&bytes) ?? ByteBuffer() }
                guard bytes.readableBytes > 0 else {
                    _ = state.remove(key)
                    return false
                }
                entry.rest = bytes
            case .stream(let stream):
                first = CallServer.slice(&ready) ?? ByteBuffer()
                if isAll, ready.readableBytes == 0 {
                    _ = state.remove(key)
                    return false
                }
                entry.rest = ready
                entry.download = stream
            }
            entry.ticket = ticket
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
        let (upload, isTooLarge, isReceiving) = state.withLock { state -> (ByteStream?, Bool, Bool) in
            guard var entry = state.entries[key], let upload = entry.upload else { return (nil, false, false) }
            if entry.isReceiving { return (upload, false, true) }
            entry.uploadRoom -= body.readableBytes
            entry.isReceiving = entry.uploadRoom >= 0
            state.entries[key] = entry
            return (upload, entry.uploadRoom < 0, false)
        }
        guard let upload else { return eventLoop.makeSucceededFuture(CallServer.sent(wantsMore: false)) }
        // What is sent on and on, over one connection after the other, would all be held here.
        guard !isReceiving else { throw PeerError(.refused, "A part of the call's body waits already") }
        if isTooLarge {
            let most = clients?.maxBodyBytes ?? 0
            upload.fail(FunctionError(.bodyTooLarge, "the request has more than \(most) bytes"))
            return eventLoop.makeSucceededFuture(CallServer.sent(wantsMore: false))
        }
        return eventLoop.makeFutureWithTask {
            do {
                if body.readableBytes > 0 { try await upload.write(body) }
            } catch {
                return CallServer.sent(wantsMore: false)
            }
            self.state.withLock { $0.entries[key]?.isReceiving = false }
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
        // A call that nobody pays is not used, and is let go of like one that nobody reads.
        if let ticket = state.withLock({ $0.entries[key]?.ticket }), !paid.isWithinCredit(ticket) {
            throw PeerError(
                .init(ChannelsError.Code.credit.description), "The answer's body is given out when the call is paid")
        }
        if let heads = state.withLock({ $0.entries[key]?.heads }) {
            return heads.next(on: eventLoop).map { PeerReply(type: .callPart, body: $0) }
        }
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
        let isLast = state.withLock { state in
            state.entries[key]?.rest = whole
            state.entries[key]?.pending = nil
            state.entries[key]?.isBusy = false
            state.entries[key]?.lastUse = .now()
            return whole.readableBytes == 0 && state.entries[key]?.download?.isFinished == true
        }
        if isLast { over(key) }
        return CallServer.part(isLast ? .last : .more, part)
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
        entry.heads?.stop()
        entry.upload?.fail(FunctionError(.cancelled, "nobody waits for the call any more"))
        entry.download?.stop()
    }
}
