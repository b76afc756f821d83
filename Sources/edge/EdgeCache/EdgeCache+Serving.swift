import BlobStore
public import Gateway
import HTTPCache
import Identity
import Logging
public import NIOCore
import Origins
import Streams
import Synchronization

extension EdgeCache: GatewayOrigins {
    public func cached(_ release: OriginRelease, _ request: OriginCall) -> OriginAnswer? {
        let head = request.head
        guard head.fields.isPlain, let authority = head.authority else { return nil }
        let key = CacheTable.QuickKey(
            app: release.tenant, release: release.release, isSecure: request.isSecure, authority: authority.description,
            path: head.path, query: head.query)
        let now = now()
        guard let entry = state.withLock({ $0.table.quick(key) }), !entry.isGone, now < entry.freshUntil,
            let body = entry.body
        else { return nil }
        if entry.noteUse() { state.withLock { _ = $0.eviction.use(entry.name) } }
        counters.hit(entry.tally, bytes: body.readableBytes)
        return OriginAnswer(
            status: entry.record.status, prepared: entry.prepared(now), contentLength: body.readableBytes,
            body: .bytes(body), cache: "hit")
    }

    public func respond(
        _ release: OriginRelease, _ request: OriginCall, body: FunctionRequest.Body, on eventLoop: any EventLoop
    ) -> EventLoopFuture<OriginAnswer> {
        let plan: OriginPlan
        do { plan = try plans.plan(for: release) } catch { return eventLoop.makeFailedFuture(error) }
        let call = CacheCall(plan, request, body, on: eventLoop)
        let answered = eventLoop.makeFutureWithTask { try await self.answer(call) }
        return answered.flatMapErrorThrowing { throw EdgeCache.explained($0) }
    }

    /// What clients are told of a failure.
    ///
    /// - Parameter status: Goes before the error's own.
    static func explained(_ error: any Error, status: Int? = nil) -> any Error {
        switch error {
        case let error as OriginError:
            GatewayError(
                .init("origin/\(error.code.description.replacing("_", with: "-"))"), EdgeCache.text(error),
                origin: error.status < 500 ? .client : .origin, status: status ?? error.status,
                retryAfter: error.retryAfter)
        case let error as BlobStoreError where error.isNoRoom:
            // How much room a node has is not the visitor's business.
            GatewayError(
                .init(error.code.description), "This node has no room for the answer; ask again or another node",
                origin: .node, status: 503, retryAfter: 10)
        case let error as BlobStoreError:
            GatewayError(.init(error.code.description), error.message, origin: .node)
        default: error
        }
    }

    /// What visitors read. Where an origin is they are not told: they could go around the cache.
    private static func text(_ error: OriginError) -> String {
        switch error.code {
        case .badDescription, .refusedAddress:
            "The origin is not described so that this node may ask it; its owner finds the reason in the node's log"
        case .unreachable: "The origin cannot be reached"
        case .timeout: "The origin did not answer in time"
        case .badResponse: "The origin's answer broke off, or breaks the rules of HTTP"
        case .tooLarge: "The origin's answer is larger than this node takes"
        case .breakerOpen: "The origin failed again and again and is left alone for a moment"
        case .overloaded: "The origin has as many requests as it takes"
        case .budgetSpent: "The origin fails, and so many requests with it that this one is not sent again"
        case .verificationFailed: "What the origin sent is not what was asked for"
        default: error.message
        }
    }
}

extension EdgeCache {
    /// How often a request begins anew when what it found went away meanwhile.
    static let maxRounds = 5

    func answer(_ call: CacheCall) async throws -> OriginAnswer {
        // What a body makes of a request for content, no key tells (RFC 9110 section 9.3.1).
        guard call.isRead, call.body == nil, let key = call.key, !call.plan.bypasses(call.path) else {
            return try await pass(call, call.isRead ? .bypass : .method)
        }
        var mayWait = true
        for _ in 0..<EdgeCache.maxRounds {
            let found = try await variants(key, call)
            switch call.policy.decide(call.request, candidates: found.map(\.record), now: now()) {
            case .refuse:
                throw GatewayError(
                    .onlyIfCached, "Nothing is stored here that answers the request", origin: .origin)
            case .serve(let plan):
                if let answer = try await serve(plan, call, found) { return answer }
            case .forward(let plan):
                switch try await forward(call.aligned(plan), call, key, found, mayWait: mayWait) {
                case .answer(let answer): return answer
                case .again(let wait): mayWait = wait
                }
            }
        }
        return try await pass(call, .miss)
    }

    /// The variants that are stored of a key: those in memory if one of them is what the request selects, else all.
    func variants(_ key: CacheKey, _ call: CacheCall) async throws -> [HotEntry] {
        let app = call.plan.app
        let place = CacheTable.Key(app: app, text: key.text)
        let (known, mark, unwritten) = state.withLock { state in
            (state.table.variants(place) ?? [], state.table.recent.mark, state.unwritten)
        }
        if known.contains(where: { $0.record.matches(call.request.fields) }) { return known }
        var entries: [HotEntry] = []
        for record in try await index.variants(of: key, app: app)
        where !known.contains(where: { $0.record.variantText == record.variantText }) {
            let body = await shortBody(of: record)
            let policy = call.plan.policy(record.key.path)
            entries.append(HotEntry(counters.tally(app), record: record, body: body, policy: policy, now: now()))
        }
        return state.withLock { state in
            let known = state.table.variants(place) ?? []
            let kept = entries.filter { entry in
                state.table.recent.effect(on: entry.record, of: app, since: mark) == .none
                    && !unwritten.contains { $0.hits(entry.record, of: app) }
                    && !known.contains { $0.record.variantText == entry.record.variantText }
            }
            for entry in kept { state.table.insert(entry) }
            return known + kept
        }
    }

    /// A stored body for memory; nil if it is long, or not whole.
    func shortBody(of record: StoredResponse) async -> ByteBuffer? {
        guard record.body.isWhole, let count = record.body.totalBytes, count <= settings.memoryBodyBytes else {
            return nil
        }
        if count == 0 { return ByteBuffer() }
        guard let id = BlobID(record.body.reference) else { return nil }
        return try? await store.readAll(id, limit: settings.memoryBodyBytes)
    }

    // MARK: From what is stored

    /// Sends a stored answer; nil if its body is lost: then it is not stored any more.
    func serve(
        _ plan: ServePlan, _ call: CacheCall, _ found: [HotEntry], status: CacheStatus? = nil
    ) async throws -> OriginAnswer? {
        let entry = found.first { $0.record == plan.stored }
        let head = call.policy.head(of: plan, status: status, now: now())
        let word = plan.wasValidated ? "validated" : plan.staleness == .fresh ? "hit" : "stale"
        if let background = plan.background { validate(background, call) }
        guard let answer = try await fill(plan, head, entry, call, word) else {
            if let entry { await forget(entry) } else { await forget(plan.stored, call.plan.app) }
            return nil
        }
        if let entry, entry.noteUse() { state.withLock { _ = $0.eviction.use(entry.name) } }
        counters.hit(entry?.tally ?? counters.tally(call.plan.app), bytes: answer.contentLength ?? 0)
        if let entry, plan.staleness == .fresh, entry.body != nil, entry.record.vary.isEmpty, let quick = call.quick {
            state.withLock { if !entry.isGone { $0.table.setQuick(quick, entry) } }
        }
        return answer
    }

    private func fill(
        _ plan: ServePlan, _ head: ResponseHead, _ entry: HotEntry?, _ call: CacheCall, _ word: String
    ) async throws -> OriginAnswer? {
        let record = plan.stored
        let total = Int(record.body.totalBytes ?? 0)
        var answer = OriginAnswer(
            status: head.status, fields: head.fields.pairs.filter { $0.name != "content-length" }, body: .none,
            cache: word)
        let ranges: [Range<Int>]
        switch plan.answer {
        case .whole: ranges = [0..<total]
        case .partial(let parts): ranges = parts.map { Int($0.lowerBound)..<Int($0.upperBound) }
        case .notModified:
            return answer
        case .unsatisfiable:
            answer.contentLength = 0
            return answer
        }
        answer.contentLength = ranges.count == 1 ? ranges[0].count : nil
        // The parts of several ranges have the type that the whole has.
        if ranges.count > 1, let type = record.fields.first("content-type") {
            answer.fields.append(("content-type", type))
        }
        if plan.isHead || ranges.allSatisfy(\.isEmpty) { return answer }
        if let body = entry?.body {
            if ranges.count == 1 {
                answer.body = .bytes(
                    body.getSlice(at: body.readerIndex + ranges[0].lowerBound, length: ranges[0].count)
                        ?? ByteBuffer())
            } else {
                answer.body = .blob(BufferBlob(body), ranges)
            }
            return answer
        }
        guard let blob = await open(record, ranges, call) else { return nil }
        answer.body = .blob(blob, ranges)
        return answer
    }

    /// The body as a blob whose first wanted block is verified already; nil if it is lost or damaged.
    private func open(_ record: StoredResponse, _ ranges: [Range<Int>], _ call: CacheCall) async -> CachedBlob? {
        guard let first = ranges.first(where: { !$0.isEmpty }), let opened = try? await body(of: record, call) else {
            counters.lostBody()
            return nil
        }
        do {
            guard opened.byteCount == Int(record.body.totalBytes ?? -1) else {
                throw EdgeCacheError("A stored body has another length")
            }
            opened.demand(first)
            _ = try await opened.block(first.lowerBound / GatewayBlock.byteCount, on: call.loop).get()
        } catch {
            opened.close()
            counters.lostBody()
            return nil
        }
        return CachedBlob(opened, of: record, for: call, in: self)
    }

    func body(of record: StoredResponse, _ call: CacheCall) async throws -> (any GatewayBlob)? {
        if record.body.reference == BodyPart.reference {
            let parts = try await index.parts(of: record, app: call.plan.app)
            return PartsBlob(byteCount: Int(record.body.totalBytes ?? 0), parts: parts, blobs: blobs)
        }
        guard let id = BlobID(record.body.reference) else { return nil }
        return try await blobs.open(id, on: call.loop).get()
    }

    /// Takes an answer out of memory and index.
    func forget(_ entry: HotEntry) async {
        state.withLock { state in
            state.table.remove(entry)
            state.eviction.remove(entry.name)
        }
        try? await index.remove(entry.record, of: entry.app)
    }

    func forget(_ record: StoredResponse, _ app: String) async {
        let place = CacheTable.Key(app: app, text: record.key.text)
        state.withLock { state in
            state.eviction.remove(HotEntry.name(app, record))
            for entry in state.table.variants(place) ?? [] where entry.record.variantText == record.variantText {
                state.table.remove(entry)
            }
        }
        try? await index.remove(record, of: app)
    }
}
