import Channels
public import Functions
public import Identity
public import NIOCore
public import PaidDelivery
import Peering
import Streams
import Wire

/// Has another node run a call: its body goes there, and the answer's comes back, part by part as it is taken.
public struct CallSender: Sendable {
    /// What is added to the call's own deadline before this side gives up: the other one does first.
    private static let slack = TimeAmount.seconds(5)
    /// How long the other node may take for what waits for no code.
    private static let patience = TimeAmount.seconds(10)
    /// How long it may take with the next part of a body: it says every 20 s that there is none yet.
    private static let partPatience = TimeAmount.seconds(60)
    /// How often, and after what pause, a part is asked for again that the node keeps until it is paid.
    private static let creditAttempts = 100
    private static let creditPause = Duration.milliseconds(50)

    private let peers: CallPeers
    private let wallLimit: TimeAmount
    private let payer: PayingCalls?

    /// - Parameters:
    ///   - wallLimit: The longest that any call may take to its answer.
    ///   - payer: Pays nodes that want it; nil: those refuse.
    public init(peers: CallPeers, wallLimit: TimeAmount, payer: PayingCalls? = nil) {
        self.peers = peers
        self.wallLimit = wallLimit
        self.payer = payer
    }

    /// Sends a call and returns with the head of its answer.
    ///
    /// - Parameter hops: How often the call was handed on, this time included.
    /// - Throws: ``CallFailure``. A stream that the call has for a body is unread only if `mayHaveRun` is false.
    public func call(
        _ call: FunctionCall, of version: FunctionVersion, at node: NodeID, hops: UInt8
    ) async throws(CallFailure) -> FunctionReply {
        do { try await peers.connect(node) } catch {
            throw .fault("Node \(node.short), which runs the function, cannot be reached", mayHaveRun: false)
        }
        guard let payer else { return try await send(call, of: version, to: node, hops: hops) }
        let isRepeatable = if case .bytes = call.body { true } else { false }
        do throws(CallFailure) {
            return try await send(call, of: version, to: node, hops: hops, payer, isRepeatable: isRepeatable)
        } catch {
            guard error.isUnpaid, isRepeatable, await payer.isWorthRepeating(at: node) else { throw error }
        }
        return try await send(call, of: version, to: node, hops: hops, payer, isRepeatable: false)
    }

    /// Sends a call that is paid, if the node is known to want that.
    private func send(
        _ call: FunctionCall, of version: FunctionVersion, to node: NodeID, hops: UInt8, _ payer: PayingCalls,
        isRepeatable: Bool
    ) async throws(CallFailure) -> FunctionReply {
        let payment = await payer.begin(at: node, isRepeatable: isRepeatable)
        let start = NIODeadline.now()
        let failure: CallFailure
        do throws(CallFailure) {
            let reply = try await send(call, of: version, to: node, hops: hops)
            if let payment { await payer.ended(payment, after: .now() - start) }
            return reply
        } catch {
            failure = error
        }
        if let payment { await payer.ended(payment, after: .now() - start) }
        throw failure
    }

    private func send(
        _ call: FunctionCall, of version: FunctionVersion, to node: NodeID, hops: UInt8
    ) async throws(CallFailure) -> FunctionReply {
        let isStreamed = CallSender.isStreamed(call.body)
        do {
            let begun = try await begin(
                call, tenant: version.tenant, release: version.release, at: node, hops: hops, mostGas: nil)
            return try reply(to: begun)
        } catch {
            throw CallSender.failure(error, node, isStreamed: isStreamed)
        }
    }

    // MARK: Clients

    /// A client's call that has answered, before anything more of the answer is asked for.
    public struct Begun: Sendable {
        let id: UInt64
        let node: NodeID
        let answer: CallFrames.Answer
        /// What the node says that it cost, in units of gas.
        public let gas: UInt64
    }

    /// Sends a client's call, and returns with the head of its answer: to be paid before ``reply(to:)`` is asked for.
    ///
    /// - Parameters:
    ///   - call: Its URL is path and query, and it has no id.
    ///   - app: Visitors' release of it is called.
    ///   - mostGas: The units of gas that are paid at most, 1 and above.
    /// - Throws: `PeerError`; ``CallFailure`` if the call came too late to be sent.
    public func begin(_ call: FunctionCall, of app: String, at node: NodeID, mostGas: UInt32) async throws -> Begun {
        try await peers.connect(node)
        return try await begin(call, tenant: app, release: "", at: node, hops: 1, mostGas: mostGas)
    }

    /// The answer, whose body comes as it is read.
    ///
    /// - Throws: ``CallFailure`` if the function failed, or the node refused to run it.
    public func reply(to begun: Begun) throws -> FunctionReply {
        try CallSender.reply(begun.answer, to: begun.id, at: begun.node, peers)
    }

    /// Nobody wants the answer.
    public func stop(_ begun: Begun) async { try? await CallSender.stop(begun.id, at: begun.node, peers) }

    private func begin(
        _ call: FunctionCall, tenant: String, release: String, at node: NodeID, hops: UInt8, mostGas: UInt32?
    ) async throws -> Begun {
        let id = UInt64.random(in: 0 ... .max)
        let left = min((call.deadline ?? .distantFuture) - .now(), wallLimit)
        guard left > .zero else {
            throw CallFailure.final(FunctionError(.wallLimit, "The call came too late to be run"))
        }
        let (first, rest, hasMore) = CallSender.split(call.body)
        let begin = CallFrames.Begin(
            call: id, hops: hops, deadlineMillis: UInt32(clamping: left.nanoseconds / 1_000_000),
            tenant: tenant, release: release,
            request: CallFrames.Request(
                id: call.id, trace: call.trace ?? "", method: call.method, url: call.url, headers: call.headers),
            body: first, hasMore: hasMore, takesInterim: call.interim != nil && mostGas == nil, mostGas: mostGas)
        let peers = peers
        call.cancellation?.onCancel { Task { try? await CallSender.stop(id, at: node, peers) } }
        var upload: Task<Void, Never>?
        do {
            let end = NIODeadline.now() + left + CallSender.slack
            let answer = try await peers.send(node, .callBegin, CallFrames.encode(begin), left + CallSender.slack)
            // Only now: the other node takes parts of no call that it does not know yet.
            if hasMore { upload = Task { await CallSender.send(rest, of: id, to: node, peers) } }
            var (head, gas) = try CallFrames.answer(try await answer.get())
            var interimCount = 0
            while case .interim(let status, let headers) = head {
                interimCount += 1
                guard begin.takesInterim, interimCount <= CallFrames.maxInterimAnswers else {
                    throw CallFrames.malformed
                }
                call.interim?(Int(status), headers)
                (head, gas) = try await nextHead(of: id, at: node, until: end)
            }
            if case .failure = head { upload?.cancel() }
            return Begun(id: id, node: node, answer: head, gas: UInt64(gas ?? 0))
        } catch {
            upload?.cancel()
            throw error
        }
    }

    /// The head behind an interim one. There is none any more if the call was stopped meanwhile, which is no fault of the node.
    private func nextHead(
        of id: UInt64, at node: NodeID, until end: NIODeadline
    ) async throws -> (answer: CallFrames.Answer, gas: UInt32?) {
        let next: ByteBuffer
        do {
            next = try await peers.ask(node, .callRead, CallFrames.encode(id), max(end - .now(), .zero))
        } catch let error as PeerError where error.code == .refused {
            throw CallFailure.final(FunctionError(.cancelled, "Nobody waits for the call any more"))
        }
        return try CallFrames.answer(next)
    }

    // MARK: The request's body

    private enum Rest: Sendable {
        case bytes(ByteBuffer)
        case stream(ByteStream)
    }

    /// Whether a call with this body is sent in more than one part, so that it cannot be sent again.
    private static func isStreamed(_ body: FunctionBody) -> Bool { split(body).hasMore }

    private static func split(_ body: FunctionBody) -> (first: ByteBuffer, rest: Rest, hasMore: Bool) {
        switch body {
        case .stream(let stream): return (ByteBuffer(), .stream(stream), true)
        case .bytes(var bytes):
            let first = bytes.readSlice(length: min(bytes.readableBytes, CallFrames.maxPartBytes)) ?? ByteBuffer()
            return (first, .bytes(bytes), bytes.readableBytes > 0)
        }
    }

    private static func send(_ rest: Rest, of id: UInt64, to node: NodeID, _ peers: CallPeers) async {
        do {
            switch rest {
            case .bytes(var bytes):
                while let part = bytes.readSlice(length: min(bytes.readableBytes, CallFrames.maxPartBytes)) {
                    let isLast = bytes.readableBytes == 0
                    guard try await send(part, isLast ? .last : .more, of: id, to: node, peers), !isLast else { return }
                }
            case .stream(let stream):
                do {
                    while var whole = try await stream.next() {
                        while whole.readableBytes > 0 {
                            let length = min(whole.readableBytes, CallFrames.maxPartBytes)
                            guard let part = whole.readSlice(length: length),
                                try await send(part, .more, of: id, to: node, peers)
                            else { return stream.stop() }
                        }
                    }
                } catch {
                    stream.stop()
                    _ = try await send(ByteBuffer(), .broken, of: id, to: node, peers)
                    return
                }
                _ = try await send(ByteBuffer(), .last, of: id, to: node, peers)
            }
        } catch {
            // The call itself fails as well, or its answer needs no more of the body.
        }
    }

    /// Whether the other side wants more.
    private static func send(
        _ body: ByteBuffer, _ part: CallFrames.Part, of id: UInt64, to node: NodeID, _ peers: CallPeers
    ) async throws -> Bool {
        let answer = try await peers.ask(node, .callSend, CallFrames.encode(part, of: id, body), partPatience)
        return answer.getInteger(at: answer.readerIndex, as: UInt8.self) == 1
    }

    private static func stop(_ id: UInt64, at node: NodeID, _ peers: CallPeers) async throws {
        _ = try await peers.ask(node, .callStop, CallFrames.encode(id), patience)
    }

    // MARK: The answer

    private static func reply(
        _ answer: CallFrames.Answer, to id: UInt64, at node: NodeID, _ peers: CallPeers
    ) throws -> FunctionReply {
        switch answer {
        case .interim: throw CallFrames.malformed
        case .failure(let code, let message, let retry, let wasRun):
            let error = FunctionError(
                FunctionError.Code(rawValue: code), message, retryAfter: retry.map { .milliseconds(Int64($0)) })
            throw wasRun ? CallFailure.final(error) : CallFailure.refused(error)
        case .reply(let status, let headers, let body, let hasMore):
            guard hasMore else { return FunctionReply(status: Int(status), headers: headers, body: .bytes(body)) }
            let stream = ByteStream(onStop: { Task { try? await stop(id, at: node, peers) } })
            stream.append(body)
            // Whoever reads the stream holds it; when that lets go, the other node is told to stop.
            Task { [weak stream] in
                do {
                    while true {
                        var bytes = try await read(id, at: node, peers)
                        let (part, body) = try CallFrames.part(&bytes)
                        guard let stream else { return }
                        if body.readableBytes > 0 { try await stream.write(body) }
                        switch part {
                        case .more: continue
                        case .last: return stream.finish()
                        case .broken:
                            return stream.fail(FunctionError(.crashed, "The function's answer broke off"))
                        }
                    }
                } catch {
                    stream?.fail(
                        FunctionError(.unreachable, "Node \(node.short), which runs the function, went away"))
                }
            }
            return FunctionReply(status: Int(status), headers: headers, body: .stream(stream))
        }
    }

    /// The next part. A node keeps a client's until what is owed is paid, which other calls may still be about to do.
    private static func read(_ id: UInt64, at node: NodeID, _ peers: CallPeers) async throws -> ByteBuffer {
        for _ in 1..<creditAttempts {
            do {
                return try await peers.ask(node, .callRead, CallFrames.encode(id), partPatience)
            } catch let error as PeerError where error.code == unpaid {
                try await Task.sleep(for: creditPause)
            }
        }
        return try await peers.ask(node, .callRead, CallFrames.encode(id), partPatience)
    }

    private static let unpaid = PeerError.Code(ChannelsError.Code.credit.description)

    private static func failure(_ error: any Error, _ node: NodeID, isStreamed: Bool) -> CallFailure {
        if let error = error as? CallFailure {
            // A body that was read in part cannot be read again.
            return error.isOthersToTry && isStreamed ? .final(error.error) : error
        }
        let what = "Node \(node.short), which runs the function"
        guard let error = error as? PeerError else { return .fault("\(what), gave no answer", mayHaveRun: true) }
        if error.code.description.hasPrefix("channels/") {
            return CallFailure(
                error: FunctionError(
                    .overloaded, "\(what), wants to be paid: \(error.message)", retryAfter: .seconds(1)),
                mayHaveRun: isStreamed, isFault: false, isOthersToTry: !isStreamed, isUnpaid: true)
        }
        switch error.code {
        case .busy, .unsupported, .refused, .notOnLedger, .unreachable, .incompatible:
            if error.code == .busy, !isStreamed {
                return .refused(
                    FunctionError(.overloaded, "\(what), has no room for more calls", retryAfter: .seconds(1)))
            }
            return .fault("\(what), takes no calls of this node: \(error.message)", mayHaveRun: isStreamed)
        case .tooLarge:
            return .final(FunctionError(.bodyTooLarge, "The request's URL and headers are too long for a function"))
        default: return .fault("\(what), gave no answer: \(error.message)", mayHaveRun: true)
        }
    }
}
