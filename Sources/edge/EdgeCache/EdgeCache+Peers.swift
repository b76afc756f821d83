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

    /// The answer of the key's first living node; nil if that is this one, or none of them answers.
    func askShield(_ fields: CacheFields, _ call: CacheCall, _ key: CacheKey) async -> Received? {
        for node in peers.order(for: "\(call.plan.app) \(key.text)").prefix(EdgeCache.maxShields) {
            if node == peers.node { return nil }
            do { return try await ask(node, fields, call) } catch {
                logger.debug(
                    "Another node does not answer for an origin",
                    metadata: ["node": "\(node.short)", "url": "\(key.url)", "error": "\(error)"])
            }
        }
        return nil
    }

    private func ask(_ node: NodeID, _ fields: CacheFields, _ call: CacheCall) async throws -> Received {
        let digest = try await index.digest(of: call.plan.app)
        let question = PeerPBCacheAsk.with {
            $0.name = call.plan.name
            $0.release = call.plan.release
            $0.method = call.request.method
            $0.scheme = call.request.scheme
            $0.authority = call.request.authority
            $0.path = call.request.path
            $0.query = call.request.query.map { "?\($0)" } ?? ""
            $0.fields = fields.pairs.map { pair in
                PeerPBCacheField.with {
                    $0.name = pair.name
                    $0.value = pair.value
                }
            }
            $0.address = call.visitor?.address ?? ""
            $0.purges = Data(digest)
        }
        let sent = now()
        let body = ByteBuffer(bytes: try question.serializedBytes() as [UInt8])
        let reply = try await peers.ask(node, .cacheAsk, body, timeout: .milliseconds(settings.peerMilliseconds))
        let answer = try PeerPBCacheAnswer(serializedBytes: Array(reply.readableBytesView))
        let received = now()
        guard (200...599).contains(answer.status) else { throw EdgeCacheError("Node \(node.short) answered nonsense") }
        counters.fill(call.plan.app)
        // What a peer says goes to clients: it must not end a line.
        guard answer.fields.allSatisfy({ EdgeCache.isField($0.name, $0.value) }) else {
            throw EdgeCacheError("Node \(node.short) answered with fields that no message may have")
        }
        let head = ResponseHead(
            status: Int(answer.status), fields: CacheFields(answer.fields.map { ($0.name, $0.value) }))
        let stream = ByteStream()
        var result = Received(
            head: head, body: stream, length: answer.length < 0 ? nil : answer.length,
            requestTime: min(sent, received - max(0, answer.asked)), responseTime: received - max(0, answer.answered),
            provenance: .peer)
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
                try await self.answer(try PeerPBCacheAsk(serializedBytes: bytes), from: peer, on: eventLoop)
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
        // What the asker knows to be purged, this node must not hand it.
        if try await index.digest(of: plan.app) != Array(ask.purges) { await readPurges(of: peer) }
        guard ask.method == "GET" || ask.method == "HEAD" else { throw EdgeCacheError("Only reading is shared") }
        let request = CacheRequest(
            method: ask.method, scheme: ask.scheme, authority: ask.authority, path: ask.path,
            query: ask.query.isEmpty ? nil : String(ask.query.dropFirst()),
            fields: CacheFields(ask.fields.map { ($0.name, $0.value) }))
        let visitor = OriginRequest.Visitor(
            address: ask.address.isEmpty ? nil : ask.address, scheme: ask.scheme, host: ask.authority)
        let call = CacheCall(plan, request, visitor: visitor, on: loop, isFromPeer: true)
        guard let key = call.key else { throw EdgeCacheError("The URL has no key") }
        var mayWait = true
        for _ in 0..<EdgeCache.maxRounds {
            let found = try await variants(key, plan)
            switch call.policy.decide(request, candidates: found.map(\.record), now: now()) {
            case .serve(let serving)
            where serving.answer == .whole && !serving.isHead
                && serving.stored.body.reference != BodyPart.reference:
                if let background = serving.background { validate(background, call) }
                return answer(serving.stored, found.first { $0.record == serving.stored })
            case .serve, .refuse: throw EdgeCacheError("The request is not one to share")
            case .forward(let forward):
                switch flight(forward, call, key, found, mayWait: mayWait) {
                case .again: continue
                case .lead(let flight), .join(let flight):
                    if let answer = try await answer(await flight.outcome(), flight, call, peer) { return answer }
                    mayWait = false
                }
            }
        }
        throw EdgeCacheError("What is stored changes too quickly")
    }

    private func answer(
        _ outcome: Flight.Outcome, _ flight: Flight, _ call: CacheCall, _ peer: NodeID
    ) async throws -> PeerPBCacheAnswer? {
        switch outcome {
        case .arriving(let arrival):
            guard arrival.record.matches(call.request.fields) else { return nil }
            var answer = answer(arrival.record, nil)
            let now = now()
            arrival.spool.expectRemote()
            answer.stream = state.withLock { $0.streams.add(arrival.spool, for: peer, now: now) }
            answer.length = arrival.length.map { Int64($0) } ?? -1
            return answer
        case .stored, .failing: return nil
        case .passed(let pass):
            guard flight.take() else { return nil }
            let spool = Spool(ingest: nil)
            spool.expectRemote()
            let now = now()
            var answer = PeerPBCacheAnswer()
            answer.status = UInt32(pass.head.status)
            answer.fields = EdgeCache.message(pass.head.fields)
            answer.length = pass.length.map { Int64($0) } ?? -1
            answer.stream = state.withLock { $0.streams.add(spool, for: peer, now: now) }
            Task {
                do {
                    while let bytes = try await pass.body.next() {
                        await spool.holdBack()
                        _ = await spool.write(bytes)
                    }
                    spool.finish(.success(()))
                } catch { spool.finish(.failure(error)) }
            }
            return answer
        case .failed(let error): throw error
        }
    }

    private static func message(_ fields: CacheFields) -> [PeerPBCacheField] {
        fields.pairs.map { pair in
            PeerPBCacheField.with {
                $0.name = pair.name
                $0.value = pair.value
            }
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
        guard let spool = state.withLock({ $0.streams.read(question.stream, by: peer, now: now) }),
            let offset = Int(exactly: question.offset)
        else { throw EdgeCacheError("There is no such stream") }
        let limit = min(max(1, Int(question.limit)), EdgeCache.pieceBytes)
        let (bytes, end) = try await spool.piece(at: offset, upTo: limit)
        var piece = PeerPBCachePiece()
        piece.bytes = Data(bytes.readableBytesView)
        if let end {
            piece.end = true
            if case .failure(let error) = end { piece.failure = "\(error)" }
            state.withLock { $0.streams.remove(question.stream) }
        }
        return piece
    }
}
