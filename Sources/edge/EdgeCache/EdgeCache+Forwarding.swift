import BlobStore
import Gateway
import HTTPCache
import Identity
import NIOCore
import Origins
import Streams
import Synchronization

extension EdgeCache {
    /// What a request that had to be forwarded comes to.
    enum Forwarded: Sendable {
        case answer(OriginAnswer)
        /// Look again at what is stored; wait for others' requests only if told so.
        case again(mayWait: Bool)
    }

    // MARK: Without the store

    /// Asks the origin and stores nothing; a success of an unsafe method invalidates what is stored.
    func pass(_ call: CacheCall, _ reason: ForwardPlan.Reason) async throws -> OriginAnswer {
        let response = try await origins.fetch(
            call.outgoing(call.policy.forwardFields(call.request)), from: try await call.plan.origin())
        var fields = CacheFields(response.fields.pairs)
        call.plan.rewrite?(&fields)
        let head = ResponseHead(status: response.status, fields: fields)
        if !call.isRead { await invalidate(call, head) }
        counters.pass(call.plan.app)
        return passed(head, response.body, response.length, call, reason, nil)
    }

    func passed(
        _ head: ResponseHead, _ body: ByteStream, _ length: Int64?, _ call: CacheCall, _ reason: ForwardPlan.Reason,
        _ why: StoreDecision.PassReason?
    ) -> OriginAnswer {
        var status = call.status(reason, head.status)
        status.detail = why?.rawValue
        var answer = OriginAnswer(
            status: head.status, fields: call.fields(of: head, status),
            contentLength: length.map { Int($0) }, body: .stream(body), cache: call.isRead ? "pass" : "method")
        if call.request.method == "HEAD" || length == 0 {
            body.stop()
            answer.body = .none
        }
        return answer
    }

    // MARK: With the store

    func forward(
        _ plan: ForwardPlan, _ call: CacheCall, _ key: CacheKey, _ found: [HotEntry], mayWait: Bool
    ) async throws -> Forwarded {
        switch flight(plan, call, key, found, mayWait: mayWait) {
        case .lead(let flight): return try await lead(flight, plan, call)
        case .join(let flight): return try await join(flight, plan, call)
        case .again: return .again(mayWait: true)
        }
    }

    /// How a request comes to its answer.
    enum Boarding: Sendable {
        /// By a flight of its own.
        case lead(Flight)
        /// By another's.
        case join(Flight)
        /// What it waits for was stored a moment ago.
        case again
    }

    /// The flight for a request: another's, if the request may wait for it, else a new one that has begun.
    ///
    /// - Parameter found: What was stored when the request was decided on.
    func flight(
        _ plan: ForwardPlan, _ call: CacheCall, _ key: CacheKey, _ found: [HotEntry], mayWait: Bool
    ) -> Boarding {
        let place = CacheTable.Key(app: call.plan.app, text: key.text)
        let now = now()
        let mayShare = plan.mayCollapse && mayWait && call.request.method == "GET"
        let boarding = state.withLock { state -> Boarding in
            let flight = Flight(mark: state.table.recent.mark)
            guard mayShare, state.unstorable[place] ?? 0 <= now else { return .lead(flight) }
            if let other = state.flights[place] { return .join(other) }
            let isNews = state.table.variants(place)?.contains { entry in !found.contains { $0 === entry } } ?? false
            if isNews { return .again }
            state.flights[place] = flight
            return .lead(flight)
        }
        guard case .lead(let flight) = boarding else { return boarding }
        // Not a child: others may wait for the answer when this visitor has gone.
        Task {
            await self.fly(flight, plan, call, key, found.map(\.record))
            self.land(flight, place)
        }
        return boarding
    }

    func land(_ flight: Flight, _ place: CacheTable.Key) {
        state.withLock { state in
            if state.flights[place] === flight { state.flights[place] = nil }
        }
        flight.finish()
    }

    /// The answer for the request that began a flight.
    private func lead(_ flight: Flight, _ plan: ForwardPlan, _ call: CacheCall) async throws -> Forwarded {
        switch await flight.outcome() {
        case .arriving(let arrival): return try await arriving(arrival, flight, plan, call, isLeader: true)
        case .stored(let record, let wasValidated):
            return try await stored(record, plan, call, wasValidated: wasValidated)
        case .passed(let pass):
            counters.pass(call.plan.app)
            return .answer(
                passed(pass.head, pass.body, pass.length.map { Int64($0) }, call, plan.reason, pass.reason))
        case .failing(let serving): return try await failing(serving, call)
        case .failed(let error): return try await failed(error, plan, call)
        }
    }

    /// The answer for a request that waited for another's.
    private func join(_ flight: Flight, _ plan: ForwardPlan, _ call: CacheCall) async throws -> Forwarded {
        switch await flight.outcome() {
        case .arriving(let arrival):
            guard arrival.record.matches(call.request.fields) else { return .again(mayWait: false) }
            return try await arriving(arrival, flight, plan, call, isLeader: false)
        case .stored: return .again(mayWait: false)
        case .passed: return .again(mayWait: false)
        case .failing(let serving): return try await failing(serving, call)
        case .failed(let error): return try await failed(error, plan, call)
        }
    }

    /// Sends a body while it arrives.
    private func arriving(
        _ arrival: Flight.Arrival, _ flight: Flight, _ plan: ForwardPlan, _ call: CacheCall, isLeader: Bool
    ) async throws -> Forwarded {
        // An origin that answers the visitor's conditions with a body means that they are not fulfilled.
        let isWhole =
            call.request.method == "GET" && arrival.start == 0
            && (EdgeCache.isPlain(call.request.fields) || isLeader && !call.request.fields.contains("range"))
        guard isWhole, let stream = arrival.spool.read() else {
            if let range = call.singleRange, let length = arrival.length,
                let part = range.resolve(count: Int64(length)),
                Int(part.lowerBound) >= arrival.start,
                let stream = arrival.spool.read(
                    from: Int(part.lowerBound) - arrival.start, to: Int(part.upperBound) - arrival.start)
            {
                return .answer(partial(arrival, part, length, stream, plan, call))
            }
            await flight.done()
            return .again(mayWait: true)
        }
        counters.miss(call.plan.app, collapsed: !isLeader)
        var answer = OriginAnswer(
            status: arrival.record.status, fields: fields(of: arrival, plan, call, isLeader: isLeader),
            contentLength: arrival.length, body: arrival.length == 0 ? .none : .stream(stream),
            cache: isLeader ? "miss" : "joined")
        if isLeader, case .origin = arrival.provenance {
            answer.originMicros = Int(arrival.record.responseTime - arrival.record.requestTime) * 1_000
        }
        return .answer(answer)
    }

    /// Fields of an answer that is being stored. Who began the flight gets also what is not stored.
    private func fields(
        of arrival: Flight.Arrival, _ plan: ForwardPlan, _ call: CacheCall, isLeader: Bool
    ) -> [(name: String, value: String)] {
        let freshness = call.policy.freshness(arrival.record, now: now())
        var status = call.status(plan.reason, arrival.record.status)
        status.isStored = true
        status.isCollapsed = !isLeader
        status.ttlSeconds = freshness.remainingSeconds
        var head = isLeader ? arrival.head : ResponseHead(status: arrival.record.status, fields: arrival.record.fields)
        if !head.fields.contains("date"), let date = arrival.record.fields.first("date") {
            head.fields.set("date", date)
        }
        if freshness.ageSeconds > 0 { head.fields.set("age", String(freshness.ageSeconds)) }
        return call.fields(of: head, status)
    }

    private func partial(
        _ arrival: Flight.Arrival, _ part: Range<Int64>, _ length: Int, _ stream: ByteStream, _ plan: ForwardPlan,
        _ call: CacheCall
    ) -> OriginAnswer {
        counters.miss(call.plan.app, collapsed: false)
        var fields = fields(of: arrival, plan, call, isLeader: false)
        fields.removeAll { $0.name == "content-range" }
        fields.append(("content-range", "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(length)"))
        return OriginAnswer(
            status: 206, fields: fields, contentLength: part.count, body: .stream(stream), cache: "miss")
    }

    /// What the origin validated, or another node stores, answers.
    private func stored(
        _ record: StoredResponse, _ plan: ForwardPlan, _ call: CacheCall, wasValidated: Bool
    ) async throws -> Forwarded {
        guard let serving = call.policy.answer(call.request, from: record, wasValidated: wasValidated, now: now())
        else { return .again(mayWait: false) }
        let found = state.withLock { state in
            state.table.variants(CacheTable.Key(app: call.plan.app, text: record.key.text)) ?? []
        }
        var status: CacheStatus?
        if !wasValidated {
            // Another node had it: for this one it is a miss.
            status = call.status(plan.reason, record.status)
            status?.isStored = true
            status?.ttlSeconds = serving.freshness.remainingSeconds
        }
        guard let answer = try await serve(serving, call, found, status: status) else {
            return .again(mayWait: false)
        }
        return .answer(answer)
    }

    private func failing(_ serving: ServePlan, _ call: CacheCall) async throws -> Forwarded {
        let found = try await variants(serving.stored.key, call.plan)
        guard let answer = try await serve(serving, call, found) else { return .again(mayWait: false) }
        return .answer(answer)
    }

    /// Serves what is stale if the rules allow it.
    private func failed(_ error: any Error, _ plan: ForwardPlan, _ call: CacheCall) async throws -> Forwarded {
        switch call.policy.onError(.unreachable, for: call.request, plan: plan, now: now()) {
        case .serve(let serving):
            let found = try await variants(serving.stored.key, call.plan)
            if let answer = try await serve(serving, call, found) { return .answer(answer) }
            throw error
        case .pass, .fail: throw error
        }
    }

    /// Validates in the background, once for all.
    func validate(_ plan: ForwardPlan, _ call: CacheCall) {
        guard let key = call.key else { return }
        let call = call.forBackground(plan.fields)
        let place = CacheTable.Key(app: call.plan.app, text: key.text)
        let flight = state.withLock { state -> Flight? in
            guard !state.isClosed, state.flights[place] == nil else { return nil }
            let flight = Flight(mark: state.table.recent.mark)
            state.flights[place] = flight
            return flight
        }
        guard let flight else { return }
        counters.revalidated(call.plan.app)
        Task {
            await self.fly(flight, plan, call, key, plan.stored.map { [$0] } ?? [])
            self.land(flight, place)
            if case .passed(let pass) = await flight.outcome() { pass.body.stop() }
        }
    }

    /// Whether the request wants a whole answer without conditions.
    static func isPlain(_ fields: CacheFields) -> Bool {
        let special = ["range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"]
        return !special.contains { fields.contains($0) }
    }

    // MARK: Invalidation

    /// After a success of an unsafe method, on every node (RFC 9111 section 4.4).
    func invalidate(_ call: CacheCall, _ head: ResponseHead) async {
        let keys = call.policy.invalidated(by: call.request, response: head)
        guard !keys.isEmpty else { return }
        for key in keys { await markStale(key, call.plan.app) }
        await spreadInvalidation(keys, call.plan.app)
    }

    func markStale(_ key: CacheKey, _ app: String) async {
        let now = now()
        let place = CacheTable.Key(app: app, text: key.text)
        let change = CachePurge(app: app, scope: .url(key.url), isSoft: true, encoded: [])
        state.withLock { state in
            state.table.recent.add(change)
            state.flights[place] = nil
            for entry in state.table.variants(place) ?? [] { state.table.remove(entry) }
        }
        try? await index.markStale(key, of: app, now: now)
    }
}

extension CacheCall {
    /// The request that validates in its name: of all, for all.
    func forBackground(_ fields: CacheFields) -> CacheCall {
        var request = request
        request.method = "GET"
        request.fields = fields
        request.fields.remove(["if-none-match", "if-modified-since"])
        return CacheCall(plan, request, visitor: nil, on: loop, isFromPeer: isFromPeer)
    }

    /// What `Cache-Status` says of a request that went to the origin.
    func status(_ reason: ForwardPlan.Reason, _ status: Int) -> CacheStatus {
        var member = CacheStatus(cache: policy.name)
        member.forward = reason
        member.forwardStatus = status
        if policy.showsKey { member.key = key?.text }
        return member
    }

    /// The fields that go to the client; the gateway writes the length.
    func fields(of head: ResponseHead, _ status: CacheStatus) -> [(name: String, value: String)] {
        policy.passFields(head, status: status).pairs.filter { $0.name != "content-length" }
    }

    /// The only range that is asked for, if there is no condition on it.
    var singleRange: OriginRange? {
        guard request.method == "GET", !request.fields.contains("if-range") else { return nil }
        let conditions = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"]
        guard !conditions.contains(where: { request.fields.contains($0) }) else { return nil }
        return request.fields.first("range").flatMap { OriginRange($0) }
    }
}
