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
        let place = Flight.Place(
            key: CacheTable.Key(app: call.plan.app, text: key.text), range: plan.fields.first("range"))
        let now = now()
        let mayShare = plan.mayCollapse && mayWait && call.request.method == "GET"
        let range = place.range.flatMap { OriginRange($0) }
        let boarding = state.withLock { state -> Boarding in
            let flight = Flight(place, mark: state.table.recent.mark)
            guard mayShare, state.unstorable[place.key] ?? 0 <= now else { return .lead(flight) }
            if let other = state.flights[place] { return .join(other) }
            if let range, let whole = state.flights[Flight.Place(key: place.key)], whole.reaches(range) {
                return .join(whole)
            }
            let variants = state.table.variants(place.key) ?? []
            if variants.contains(where: { entry in !found.contains { $0 === entry } }) { return .again }
            state.flights[place] = flight
            return .lead(flight)
        }
        guard case .lead(let flight) = boarding else { return boarding }
        // Not a child: others may wait for the answer when this visitor has gone.
        Task {
            await self.fly(flight, plan, call, key, found.map(\.record))
            self.land(flight)
        }
        return boarding
    }

    func land(_ flight: Flight) {
        state.withLock { $0.end(flight) }
        flight.finish()
    }

    /// The answer for the request that began a flight.
    private func lead(_ flight: Flight, _ plan: ForwardPlan, _ call: CacheCall) async throws -> Forwarded {
        switch await flight.outcome() {
        case .arriving(let arrival): return try await arriving(arrival, flight, plan, call, isLeader: true)
        case .stored(let record, let wasValidated):
            return try await stored(record, plan, call, wasValidated: wasValidated)
        case .passed(let whole):
            counters.pass(call.plan.app)
            let pass = call.cut(whole)
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
            guard call.mayShare(arrival, now: now()) else {
                await settled(arrival, flight)
                return .again(mayWait: false)
            }
            return try await arriving(arrival, flight, plan, call, isLeader: false)
        case .stored: return .again(mayWait: false)
        case .passed: return .again(mayWait: false)
        case .failing(let serving): return try await failing(serving, call)
        case .failed(let error) where EdgeCache.isOfOneRequest(error): return .again(mayWait: false)
        case .failed(let error): return try await failed(error, plan, call)
        }
    }

    /// Whether it is the request that failed, by its own fields, and not the origin: then it says nothing to others.
    static func isOfOneRequest(_ error: any Error) -> Bool {
        (error as? OriginError).map { [OriginError.Code.badRequest, .loop].contains($0.code) } ?? false
    }

    /// Waits for what is all here to be stored, so that the origin can be asked about it rather than for it.
    func settled(_ arrival: Flight.Arrival, _ flight: Flight) async {
        if arrival.spool.isOver { await flight.done() }
    }

    /// Sends a body while it arrives.
    private func arriving(
        _ arrival: Flight.Arrival, _ flight: Flight, _ plan: ForwardPlan, _ call: CacheCall, isLeader: Bool
    ) async throws -> Forwarded {
        let wantsPart = call.wantsPart(of: arrival.record)
        if wantsPart, let range = call.range(of: arrival), let stream = arrival.read(range) {
            return .answer(partial(arrival, range, stream, plan, call, isLeader: isLeader))
        }
        if !isLeader, let answer = notModified(arrival, plan, call) { return .answer(answer) }
        // An origin that answers the visitor's conditions with a body means that they are not fulfilled.
        guard call.request.method == "GET", arrival.part == nil, !wantsPart, let stream = arrival.spool.read() else {
            await flight.done()
            return .again(mayWait: true)
        }
        counters.miss(call.plan.app, collapsed: !isLeader)
        // Made in one piece: of a struct with an `any P` in it, Swift 6.3.1 drops a number's first value in an async function if
        // another one may be set afterwards.
        return .answer(
            OriginAnswer(
                status: arrival.record.status, fields: fields(of: arrival, plan, call, isLeader: isLeader),
                contentLength: arrival.length, body: arrival.length == 0 ? .none : .stream(stream),
                cache: isLeader ? "miss" : "joined", originMicros: isLeader ? arrival.originMicros : nil))
    }

    /// The answer to a visitor who has what arrives; nil for all others.
    private func notModified(_ arrival: Flight.Arrival, _ plan: ForwardPlan, _ call: CacheCall) -> OriginAnswer? {
        let now = now()
        guard call.hasConditions,
            let serving = call.policy.answer(call.request, from: arrival.record, wasValidated: false, now: now),
            serving.answer == .notModified
        else { return nil }
        counters.miss(call.plan.app, collapsed: true)
        var status = call.status(plan.reason, arrival.head.status)
        status.isStored = true
        status.isCollapsed = true
        let head = call.policy.head(of: serving, status: status, now: now)
        return OriginAnswer(status: head.status, fields: head.fields.pairs, body: .none, cache: "joined")
    }

    /// Fields of an answer that is being stored. Who began the flight gets also what is not stored.
    private func fields(
        of arrival: Flight.Arrival, _ plan: ForwardPlan, _ call: CacheCall, isLeader: Bool
    ) -> [(name: String, value: String)] {
        let freshness = call.policy.freshness(arrival.record, now: now())
        var status = call.status(plan.reason, arrival.head.status)
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
        _ arrival: Flight.Arrival, _ part: Range<Int64>, _ stream: ByteStream, _ plan: ForwardPlan, _ call: CacheCall,
        isLeader: Bool
    ) -> OriginAnswer {
        counters.miss(call.plan.app, collapsed: !isLeader)
        var fields = fields(of: arrival, plan, call, isLeader: isLeader)
        fields.removeAll { $0.name == "content-range" }
        fields.append(("content-range", arrival.contentRange(part)))
        return OriginAnswer(
            status: 206, fields: fields, contentLength: part.count, body: .stream(stream),
            cache: isLeader ? "miss" : "joined")
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
        let found = try await variants(serving.stored.key, call)
        guard let answer = try await serve(serving, call, found) else { return .again(mayWait: false) }
        return .answer(answer)
    }

    /// Serves what is stale if the rules allow it.
    private func failed(_ error: any Error, _ plan: ForwardPlan, _ call: CacheCall) async throws -> Forwarded {
        switch call.policy.onError(.unreachable, for: call.request, plan: plan, now: now()) {
        case .serve(let serving):
            let found = try await variants(serving.stored.key, call)
            if let answer = try await serve(serving, call, found) { return .answer(answer) }
            throw error
        case .pass: throw error
        // What may not be used without the origin is no reason to say another status than that it is away.
        case .fail(let status): throw plan.stored == nil ? error : EdgeCache.explained(error, status: status)
        }
    }

    /// Validates in the background, once for all.
    func validate(_ plan: ForwardPlan, _ call: CacheCall) {
        guard let key = call.key else { return }
        let call = call.forBackground(plan.fields)
        let place = Flight.Place(key: CacheTable.Key(app: call.plan.app, text: key.text))
        let flight = state.withLock { state -> Flight? in
            guard !state.isClosed, state.flights[place] == nil else { return nil }
            let flight = Flight(place, mark: state.table.recent.mark)
            state.flights[place] = flight
            return flight
        }
        guard let flight else { return }
        counters.revalidated(call.plan.app)
        Task {
            await self.fly(flight, plan, call, key, plan.stored.map { [$0] } ?? [])
            self.land(flight)
            if case .passed(let pass) = await flight.outcome() { pass.body.stop() }
        }
    }

    // MARK: Invalidation

    /// After a success of an unsafe method, on every node (RFC 9111 section 4.4).
    func invalidate(_ call: CacheCall, _ head: ResponseHead) async {
        let keys = call.policy.invalidated(by: call.request, response: head)
        guard !keys.isEmpty else { return }
        for key in keys { await invalidate(key, of: call.plan.app) }
        await spreadInvalidation(keys, call.plan.app)
    }

    /// Nothing of a key answers any more before it has been validated, and what was asked for before now is not stored.
    func invalidate(_ key: CacheKey, of app: String) async {
        let now = now()
        let place = CacheTable.Key(app: app, text: key.text)
        let change = CachePurge(app: app, scope: .url(key.url), isSoft: false, encoded: [])
        state.withLock { state in
            state.table.recent.add(change)
            state.unwritten.append(change)
            state.flights = state.flights.filter { $0.key.key != place }
            for entry in state.table.variants(place) ?? [] { state.table.remove(entry) }
        }
        defer { written(change) }
        try? await index.markStale(key, of: app, isInvalid: true, now: now)
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

    /// The only range that is asked for, if there is no condition but `If-Range`.
    var singleRange: OriginRange? {
        guard request.method == "GET", !hasConditions else { return nil }
        return request.fields.first("range").flatMap { OriginRange($0) }
    }

    /// Whether the request has conditions, `If-Range` aside.
    var hasConditions: Bool {
        let names = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"]
        return names.contains { request.fields.contains($0) }
    }

    /// Whether a range of a body is asked for, or several; other units than bytes mean nothing here.
    func wantsPart(of record: StoredResponse) -> Bool {
        request.method == "GET" && record.status == 200
            && request.fields.first("range")?.lowercased().hasPrefix("bytes=") == true
            && CachePolicy.rangeApplies(to: record, request.fields)
    }

    /// Whether what arrives for another request may answer this one.
    func mayShare(_ arrival: Flight.Arrival, now: Int64) -> Bool {
        arrival.record.matches(request.fields) && policy.mayShare(arrival.record, with: request, now: now)
    }

    /// An answer with whole parts, cut to the range that is asked for. One whose length is another than it says stays as it is.
    func cut(_ pass: Flight.Pass) -> Flight.Pass {
        guard let part = pass.head.part, let total = part.total, let wanted = singleRange?.resolve(count: total),
            wanted != part.range, wanted.clamped(to: part.range) == wanted,
            pass.length ?? part.range.count == part.range.count
        else { return pass }
        var pass = pass
        pass.head.fields.set("content-range", "bytes \(wanted.lowerBound)-\(wanted.upperBound - 1)/\(total)")
        let skipped = Int(wanted.lowerBound - part.range.lowerBound)
        pass.body = EdgeCache.bytes(skipped..<skipped + wanted.count, of: pass.body)
        pass.length = wanted.count
        return pass
    }

    /// The single range of what arrives that is asked for; nil for several, or if that cannot be said.
    func range(of arrival: Flight.Arrival) -> Range<Int64>? {
        guard let range = singleRange, let length = arrival.length else { return nil }
        return range.resolve(count: Int64(length))
    }
}

extension Flight.Arrival {
    /// Microseconds that the origin took to its head; nil if another node gave the answer.
    var originMicros: Int? {
        switch provenance {
        case .origin: Int(record.responseTime - record.requestTime) * 1_000
        case .peer: nil
        }
    }

    /// A reader of some of the body's bytes; nil if they do not come, or are gone.
    func read(_ range: Range<Int64>) -> ByteStream? {
        place(of: range).flatMap { spool.read(from: $0.lowerBound, to: $0.upperBound) }
    }

    /// Where in the spool some of the body's bytes are; nil if they do not come.
    ///
    /// - Parameter range: Nil for all of the body.
    func place(of range: Range<Int64>?) -> Range<Int>? {
        guard let range else { return part == nil ? 0..<Int.max : nil }
        if let part, part.clamped(to: range) != range { return nil }
        let start = part?.lowerBound ?? 0
        return Int(range.lowerBound - start)..<Int(range.upperBound - start)
    }

    func contentRange(_ range: Range<Int64>) -> String {
        "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(length.map(String.init) ?? "*")"
    }
}
