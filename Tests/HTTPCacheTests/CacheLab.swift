import HTTPCache

/// A cache of one test: records in memory, a clock that is set by hand, an origin that is a function.
struct CacheLab {
    /// Sun, 06 Nov 1994 08:49:37 GMT, in milliseconds.
    static let start: Int64 = 784_111_777_000
    static let date = "Sun, 06 Nov 1994 08:49:37 GMT"

    enum Outcome: Equatable {
        case served(ServePlan, ResponseHead)
        case forwarded(ForwardPlan, StoreDecision)
        case refused

        var plan: ServePlan? { if case .served(let plan, _) = self { plan } else { nil } }
        var head: ResponseHead? { if case .served(_, let head) = self { head } else { nil } }
        var forward: ForwardPlan? { if case .forwarded(let plan, _) = self { plan } else { nil } }
        var stored: StoreDecision? { if case .forwarded(_, let decision) = self { decision } else { nil } }
        var isHit: Bool { plan != nil }
    }

    var policy = CachePolicy()
    var records: [StoredResponse] = []
    var now = CacheLab.start
    /// How long the origin takes, in milliseconds.
    var delay: Int64 = 0

    init(_ set: (inout CachePolicy) -> Void = { _ in }) { set(&policy) }

    static func request(
        _ fields: CacheFields = [:], method: String = "GET", path: String = "/a", query: String? = nil,
        authority: String = "example.org"
    ) -> CacheRequest {
        CacheRequest(method: method, authority: authority, path: path, query: query, fields: fields)
    }

    mutating func wait(_ seconds: Int64) { now += seconds * 1_000 }

    /// One request; if it goes to the origin, `response` is the answer with a body of so many bytes.
    @discardableResult
    mutating func send(
        _ request: CacheRequest = request(), _ response: ResponseHead = .init(status: 599), bytes: Int64 = 10
    ) -> Outcome {
        switch policy.decide(request, candidates: records, now: now) {
        case .refuse: return .refused
        case .serve(let plan): return .served(plan, policy.head(of: plan, now: now))
        case .forward(let plan):
            let sent = now
            now += delay
            let decision = policy.receive(
                response, for: request, plan: plan, candidates: records,
                requestTime: sent, responseTime: now)
            apply(decision, bytes: bytes)
            for key in policy.invalidated(by: request, response: response) { records.removeAll { $0.key == key } }
            return .forwarded(plan, decision)
        }
    }

    private mutating func apply(_ decision: StoreDecision, bytes: Int64) {
        switch decision {
        case .store(let record):
            let length = record.body.held.ranges.first.map { Int64($0.count) } ?? bytes
            if let record = record.receiving("body", receivedBytes: length, endedProperly: true) { put(record) }
        case .combine(let record, _), .outdated(let record): put(record)
        case .update(let updated): updated.forEach { put($0) }
        case .retry, .pass: break
        }
    }

    private mutating func put(_ record: StoredResponse) {
        records.removeAll { $0.key == record.key && $0.variantText == record.variantText }
        records.append(record)
    }

    /// Sends a first request that the origin answers like this, and says whether it was stored.
    static func stores(
        _ fields: CacheFields, status: Int = 200, request: CacheRequest = request(),
        _ set: (inout CachePolicy) -> Void = { _ in }
    ) -> Bool {
        var lab = CacheLab(set)
        lab.send(request, ResponseHead(status: status, fields: fields))
        return !lab.records.isEmpty
    }

    /// Whether a response like this answers a second request so many seconds later.
    static func reuses(
        _ fields: CacheFields, status: Int = 200, after seconds: Int64 = 5, first: CacheFields = [:],
        second: CacheFields = [:], _ set: (inout CachePolicy) -> Void = { _ in }
    ) -> Bool {
        var lab = CacheLab(set)
        lab.send(request(first), ResponseHead(status: status, fields: fields))
        lab.wait(seconds)
        return lab.send(request(second)).isHit
    }

    /// A lab that holds one response.
    static func holding(
        _ fields: CacheFields, status: Int = 200, request: CacheRequest = request(), bytes: Int64 = 10,
        _ set: (inout CachePolicy) -> Void = { _ in }
    ) -> CacheLab {
        var lab = CacheLab(set)
        lab.send(request, ResponseHead(status: status, fields: fields), bytes: bytes)
        return lab
    }
}

/// A date so many seconds from the lab's start.
func date(_ offset: Int64) -> String { CacheDate.text(seconds: CacheLab.start / 1_000 + offset) }
