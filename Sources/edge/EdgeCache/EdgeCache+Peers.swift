import Blake3
import Foundation
import Gateway
import HTTPCache
public import Identity
import Logging
public import NIOCore
import Origins
import Streams
import SwiftProtobuf
import Synchronization
public import Wire

/// Asking the node that asks the origin for all.
extension EdgeCache {
    /// Content up to so many bytes comes with the answer.
    static let inlineBytes = 64 << 10
    /// Bytes of a stream that are asked for at once.
    private static let pieceBytes = 192 << 10
    /// Nodes that are asked before this one asks the origin itself.
    private static let maxShields = 2

    /// The origin failed the node that asked it.
    private struct FailureThere: Error {
        let error: OriginError
    }

    /// The answer of the key's first living node; nil if that is this one, or none of them answers.
    ///
    /// - Throws: ``OriginError`` if the origin failed the node that asked it: more nodes that ask are more load on it.
    func askShield(
        _ fields: CacheFields, _ call: CacheCall, _ key: CacheKey, avoiding failed: Set<NodeID>
    ) async throws -> Received? {
        let nodes = peers.order(for: "\(call.plan.app) \(key.text)").filter { !failed.contains($0) }
        for node in nodes.prefix(EdgeCache.maxShields) {
            if node == peers.node { return nil }
            do {
                return try await ask(node, fields, call)
            } catch let failure as FailureThere {
                throw failure.error
            } catch {
                logger.debug(
                    "Another node does not answer for an origin",
                    metadata: ["node": "\(node.short)", "url": "\(key.url)", "error": "\(error)"])
            }
        }
        return nil
    }

    private func ask(_ node: NodeID, _ fields: CacheFields, _ call: CacheCall) async throws -> Received {
        let digest = try await index.digest(of: call.plan.app)
        var fields = fields
        // The other node may hold newer bytes: this one tells them apart by itself.
        if !call.request.fields.contains("if-range") { fields.remove("if-range") }
        let question = PeerPBCacheAsk.with {
            $0.name = call.plan.name
            $0.release = call.plan.release
            $0.method = call.request.method
            $0.scheme = call.request.scheme
            $0.authority = call.request.authority
            $0.path = call.request.path
            $0.query = call.request.query.map { "?\($0)" } ?? ""
            $0.fields = EdgeCache.message(fields)
            $0.address = call.visitor?.address ?? ""
            $0.purges = Data(digest)
        }
        let sent = now()
        let body = ByteBuffer(bytes: try question.serializedBytes() as [UInt8])
        let reply = try await peers.ask(node, .cacheAsk, body, timeout: .milliseconds(settings.peerMilliseconds))
        let answer = try PeerPBCacheAnswer(serializedBytes: Array(reply.readableBytesView))
        let received = now()
        if !answer.failure.isEmpty {
            guard let code = OriginError.Code(ofPeer: answer.failure) else {
                throw EdgeCacheError("Node \(node.short) tells of a failure that is none of an origin's")
            }
            throw FailureThere(
                error: OriginError(
                    code, "the origin failed node \(node.short), which asked it; look at that node's log",
                    retryAfter: answer.retryAfter == 0 ? nil : Int(answer.retryAfter)))
        }
        guard (200...599).contains(answer.status) else { throw EdgeCacheError("Node \(node.short) answered nonsense") }
        counters.fill(call.plan.app)
        // What a peer says goes to clients: it must not end a line.
        guard answer.fields.allSatisfy({ EdgeCache.isField($0.name, $0.value) }) else {
            throw EdgeCacheError("Node \(node.short) answered with fields that no message may have")
        }
        let head = ResponseHead(
            status: Int(answer.status), fields: CacheFields(answer.fields.map { ($0.name, $0.value) }))
        for interim in answer.interim where EdgeCache.isInterim(interim) {
            call.onInterim?(Int(interim.status), OriginFields(interim.fields.map { ($0.name, $0.value) }))
        }
        let stream = ByteStream()
        // No number of another node makes a time before 1970.
        func moment(_ age: Int64) -> Int64 { received - min(max(0, age), received) }
        var result = Received(
            head: head, body: stream, length: answer.length < 0 ? nil : answer.length,
            requestTime: min(sent, moment(answer.asked)), responseTime: moment(answer.answered),
            provenance: .peer(node))
        if answer.stream != 0 {
            Task { await self.pull(answer.stream, from: node, into: stream) }
        } else {
            if let digest = Digest(answer.blob), let length = result.length {
                result.blob = (BlobID(digest), Int(length))
            }
            if !answer.content.isEmpty { stream.append(ByteBuffer(bytes: answer.content)) }
            stream.finish()
        }
        return result
    }

    static func isField(_ name: String, _ value: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }
            && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }

    private static func isInterim(_ answer: PeerPBCacheInterim) -> Bool {
        (102..<200).contains(answer.status) && answer.fields.allSatisfy { isField($0.name, $0.value) }
    }

    /// Reads a body that another node receives.
    private func pull(_ id: UInt64, from node: NodeID, into stream: ByteStream) async {
        var offset: UInt64 = 0
        do {
            while true {
                let question = PeerPBCacheRead.with {
                    $0.stream = id
                    $0.offset = offset
                    $0.limit = UInt32(EdgeCache.pieceBytes)
                }
                let body = ByteBuffer(bytes: try question.serializedBytes() as [UInt8])
                let reply = try await peers.ask(
                    node, .cacheRead, body, timeout: .milliseconds(settings.peerMilliseconds))
                let piece = try PeerPBCachePiece(serializedBytes: Array(reply.readableBytesView))
                offset += UInt64(piece.bytes.count)
                try await stream.write(ByteBuffer(bytes: piece.bytes))
                if piece.end {
                    guard piece.failure.isEmpty else { throw EdgeCacheError(piece.failure) }
                    return stream.finish()
                }
            }
        } catch {
            stream.fail(error)
        }
    }
}

/// Answering other nodes.
extension EdgeCache {
    /// Answers a peer's request about stored answers; nil if the request is about something else.
    public func serve(
        _ type: FrameType, _ body: ByteBuffer, from peer: NodeID, on eventLoop: any EventLoop
    ) -> EventLoopFuture<(FrameType, ByteBuffer)>? {
        let bytes = Array(body.readableBytesView)
        func reply(
            _ type: FrameType, _ make: @escaping @Sendable () async throws -> any Message
        ) -> EventLoopFuture<(FrameType, ByteBuffer)> {
            eventLoop.makeFutureWithTask {
                (type, ByteBuffer(bytes: try await make().serializedBytes() as [UInt8]))
            }
        }
        switch type {
        case .cacheAsk:
            return reply(.cacheAnswer) {
                do {
                    return try await self.answer(try PeerPBCacheAsk(serializedBytes: bytes), from: peer, on: eventLoop)
                } catch let error as OriginError where OriginError.Code(ofPeer: error.code.description) != nil {
                    // Of whom this node cannot reach nothing is said: another one may.
                    self.logger.debug(
                        "An origin failed", metadata: ["peer": "\(peer.short)", "error": "\(error.message)"])
                    return PeerPBCacheAnswer.with {
                        $0.failure = error.code.description
                        $0.retryAfter = UInt32(clamping: error.retryAfter ?? 0)
                    }
                }
            }
        case .cacheRead:
            return reply(.cachePiece) { try await self.read(try PeerPBCacheRead(serializedBytes: bytes), by: peer) }
        case .cachePurge:
            return reply(.cachePurged) { try await self.answerPurge(try PeerPBCachePurge(serializedBytes: bytes)) }
        case .cachePurgeLog:
            return reply(.cachePurges) {
                try await self.answerPurgeLog(try PeerPBCachePurgeLog(serializedBytes: bytes))
            }
        case .cacheLook:
            return reply(.cacheView) { try await self.look(try PeerPBCacheLook(serializedBytes: bytes)) }
        default: return nil
        }
    }

    private func answer(
        _ ask: PeerPBCacheAsk, from peer: NodeID, on loop: any EventLoop
    ) async throws -> PeerPBCacheAnswer {
        guard let plan = plans.plan(named: ask.name, release: ask.release, path: ask.path) else {
            throw EdgeCacheError("This node does not serve the release \(ask.release.prefix(80))")
        }
        try await catchUp(with: peer, plan.app, Array(ask.purges))
        guard ask.method == "GET" || ask.method == "HEAD" else { throw EdgeCacheError("Only reading is shared") }
        let request = CacheRequest(
            method: ask.method, scheme: ask.scheme, authority: ask.authority, path: ask.path,
            query: ask.query.isEmpty ? nil : String(ask.query.dropFirst()),
            fields: CacheFields(ask.fields.map { ($0.name, $0.value) }))
        let visitor = OriginRequest.Visitor(
            address: ask.address.isEmpty ? nil : ask.address, scheme: ask.scheme, host: ask.authority)
        let interim = Mutex<[PeerPBCacheInterim]>([])
        let call = CacheCall(
            plan, request, visitor: visitor, on: loop, isFromPeer: true,
            onInterim: { status, fields in
                interim.withLock { $0.append(EdgeCache.message(status, fields)) }
            })
        guard let key = call.key else { throw EdgeCacheError("The URL has no key") }
        var mayWait = true
        for _ in 0..<EdgeCache.maxRounds {
            let stored = try await variants(key, call)
            switch call.policy.decide(request, candidates: stored.map(\.record), now: now()) {
            case .serve(let serving):
                if let background = serving.background {
                    // Who has an answer and wants to know whether there is a newer one has told its visitor already.
                    let hasOne = ["if-none-match", "if-modified-since"].contains { request.fields.contains($0) }
                    if !hasOne {
                        validate(background, call)
                    } else if let newer = await renewed(background, call, key, stored, peer) {
                        return newer
                    }
                }
                return try await answer(serving, stored.first { $0.record == serving.stored }, call, peer)
            case .refuse: throw EdgeCacheError("The request is not one to share")
            case .forward(let forward):
                var found: PeerPBCacheAnswer?
                switch flight(call.aligned(forward), call, key, stored, mayWait: mayWait) {
                case .again: continue
                case .lead(let flight):
                    found = try await answer(flight, forward, call, peer, isLeader: true)
                    found?.interim = interim.withLock { $0 }
                case .join(let flight): found = try await answer(flight, forward, call, peer, isLeader: false)
                }
                if let found { return found }
                mayWait = false
            }
        }
        throw EdgeCacheError("What is stored changes too quickly")
    }

    /// What the origin says now of a stored answer, for another node; nil if it says nothing.
    private func renewed(
        _ plan: ForwardPlan, _ call: CacheCall, _ key: CacheKey, _ stored: [HotEntry], _ peer: NodeID
    ) async -> PeerPBCacheAnswer? {
        switch flight(call.aligned(plan), call, key, stored, mayWait: true) {
        case .again: nil
        case .lead(let flight): try? await answer(flight, plan, call, peer, isLeader: true)
        case .join(let flight): try? await answer(flight, plan, call, peer, isLeader: false)
        }
    }

    /// What is stored, for another node: whole if it is here whole, else the range that is asked for.
    private func answer(
        _ serving: ServePlan, _ entry: HotEntry?, _ call: CacheCall, _ peer: NodeID
    ) async throws -> PeerPBCacheAnswer {
        let record = serving.stored
        var message = answer(record, entry)
        if serving.answer == .notModified {
            message.limit(to: 304)
            return message
        }
        if serving.isHead || serving.answer == .unsatisfiable {
            let head = call.policy.head(of: serving, now: now())
            return PeerPBCacheAnswer.with {
                $0.status = UInt32(head.status)
                $0.fields = EdgeCache.message(head.fields)
            }
        }
        if record.body.reference != BodyPart.reference { return message }
        guard let total = record.body.totalBytes else { throw EdgeCacheError("The length is not known") }
        var range = 0..<total
        if case .partial(let ranges) = serving.answer {
            guard ranges.count == 1 else { throw EdgeCacheError("Several ranges are not shared") }
            range = ranges[0]
        }
        guard let blob = try await body(of: record, call) else { throw EdgeCacheError("The body is lost") }
        let bytes = EdgeCache.bytes(Int(range.lowerBound)..<Int(range.upperBound), of: blob, on: call.loop)
        if serving.answer != .whole { message.limit(to: range, of: total) }
        message.stream = send(bytes, to: peer)
        return message
    }

    /// What a flight brings, for another node; nil if that is no answer to its question.
    private func answer(
        _ flight: Flight, _ plan: ForwardPlan, _ call: CacheCall, _ peer: NodeID, isLeader: Bool
    ) async throws -> PeerPBCacheAnswer? {
        switch await flight.outcome() {
        case .arriving(let arrival):
            guard isLeader || call.mayShare(arrival, now: now()) else {
                await settled(arrival, flight)
                return nil
            }
            var answer = answer(arrival.record, nil)
            answer.length = arrival.length.map { Int64($0) } ?? -1
            var wanted: Range<Int64>?
            if call.wantsPart(of: arrival.record), let range = call.range(of: arrival), let length = arrival.length {
                wanted = range
                answer.limit(to: range, of: Int64(length))
            }
            guard let bytes = arrival.place(of: wanted) else {
                await flight.done()
                return nil
            }
            arrival.spool.expectRemote(at: bytes.lowerBound)
            let now = now()
            answer.stream = state.withLock { $0.streams.add(arrival.spool, bytes, for: peer, now: now) }
            return answer
        case .failing(let serving): return try await self.answer(serving, nil, call, peer)
        case .stored(let record, let wasValidated):
            // Whoever waited looks again at what is stored; that may not do for the one in whose name it was validated.
            let now = now()
            guard isLeader,
                let serving = call.policy.answer(call.request, from: record, wasValidated: wasValidated, now: now)
            else { return nil }
            return try await self.answer(serving, nil, call, peer)
        case .passed(let pass):
            guard isLeader else { return nil }
            var answer = PeerPBCacheAnswer()
            answer.status = UInt32(pass.head.status)
            answer.fields = EdgeCache.message(pass.head.fields)
            answer.length = pass.length.map { Int64($0) } ?? -1
            answer.stream = send(pass.body, to: peer)
            return answer
        case .failed(let error):
            guard isLeader || !EdgeCache.isOfOneRequest(error) else { return nil }
            // Whoever is told of the failure asks nobody else, and may have nothing stale itself.
            guard let code = (error as? OriginError)?.code, OriginError.Code(ofPeer: code.description) != nil,
                case .serve(let serving) = call.policy.onError(.unreachable, for: call.request, plan: plan, now: now())
            else { throw error }
            return try await self.answer(serving, nil, call, peer)
        }
    }

    /// Offers bytes to another node, which reads them piece by piece.
    ///
    /// - Returns: The stream's number.
    private func send(_ bytes: ByteStream, to peer: NodeID) -> UInt64 {
        let spool = Spool(ingest: nil)
        spool.expectRemote(at: 0)
        let now = now()
        Task {
            do {
                while let piece = try await bytes.next() {
                    guard await spool.holdBack() else { throw Spool.TooSlow() }
                    _ = await spool.write(piece)
                }
                spool.finish(.success(()))
            } catch {
                bytes.stop()
                spool.finish(.failure(error))
            }
        }
        return state.withLock { $0.streams.add(spool, 0..<Int.max, for: peer, now: now) }
    }

    private static func message(_ fields: CacheFields) -> [PeerPBCacheField] {
        fields.pairs.map { pair in
            PeerPBCacheField.with {
                $0.name = pair.name
                $0.value = pair.value
            }
        }
    }

    private static func message(_ status: Int, _ fields: OriginFields) -> PeerPBCacheInterim {
        PeerPBCacheInterim.with {
            $0.status = UInt32(status)
            $0.fields = message(CacheFields(fields.pairs))
        }
    }

    /// A stored answer for another node, without its body if that is long.
    private func answer(_ record: StoredResponse, _ entry: HotEntry?) -> PeerPBCacheAnswer {
        let now = now()
        var answer = PeerPBCacheAnswer()
        answer.status = UInt32(record.status)
        answer.fields = EdgeCache.message(record.fields)
        answer.length = record.body.totalBytes ?? -1
        answer.asked = max(0, now - record.requestTime)
        answer.answered = max(0, now - record.responseTime)
        answer.shared = true
        if let body = entry?.body, body.readableBytes <= EdgeCache.inlineBytes {
            answer.content = Data(body.readableBytesView)
        } else if record.body.isWhole, let id = BlobID(record.body.reference) {
            answer.blob = Data(id.digest.bytes)
        }
        return answer
    }

    private func read(_ question: PeerPBCacheRead, by peer: NodeID) async throws -> PeerPBCachePiece {
        let now = now()
        guard let stream = state.withLock({ $0.streams.read(question.stream, by: peer, now: now) }),
            let offset = Int(exactly: question.offset), offset <= stream.range.count
        else { throw EdgeCacheError("There is no such stream") }
        let start = stream.range.lowerBound + offset
        let limit = min(max(1, Int(question.limit)), EdgeCache.pieceBytes, stream.range.upperBound - start)
        var piece = PeerPBCachePiece()
        if limit > 0 {
            let (bytes, end) = try await stream.spool.piece(at: start, upTo: limit)
            piece.bytes = Data(bytes.readableBytesView)
            if let end {
                piece.end = true
                if case .failure(let error) = end { piece.failure = "\(error)" }
            }
        }
        if start + piece.bytes.count == stream.range.upperBound {
            piece.end = true
            piece.failure = ""
        }
        if piece.end { state.withLock { $0.streams.remove(question.stream) } }
        return piece
    }
}

extension PeerPBCacheAnswer {
    /// Makes it an answer with some bytes of the content.
    fileprivate mutating func limit(to range: Range<Int64>, of total: Int64) {
        limit(to: 206)
        fields.append(
            PeerPBCacheField.with {
                $0.name = "content-range"
                $0.value = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(total)"
            })
        length = Int64(range.count)
    }

    /// Makes it an answer without the content.
    fileprivate mutating func limit(to status: UInt32) {
        self.status = status
        fields.removeAll { ["content-length", "content-range"].contains($0.name) }
        length = 0
        content = Data()
        blob = Data()
    }
}
