import HTTPCache
import Testing

@Suite("Stale responses")
struct StaleTests {
    @Test(
        "stale-while-revalidate serves within its window and validates in the background (RFC 5861 3)",
        arguments: [
            ("max-age=2, stale-while-revalidate=10", 5, true), ("max-age=2, stale-while-revalidate=10", 11, true),
            ("max-age=2, stale-while-revalidate=10", 12, false), ("max-age=2, stale-while-revalidate=0", 2, false),
            ("max-age=2, stale-while-revalidate=x", 5, false),
            ("max-age=2, stale-while-revalidate=10, must-revalidate", 5, false),
            ("max-age=2, stale-while-revalidate=10, proxy-revalidate", 5, false),
            ("max-age=2, stale-while-revalidate=10, no-cache", 5, false),
            ("s-maxage=2, stale-while-revalidate=10", 5, false),
        ])
    func whileRevalidate(control: String, seconds: Int64, isServed: Bool) {
        var lab = CacheLab.holding(["cache-control": control, "etag": "\"a\""])
        lab.wait(seconds)
        let plan = lab.send(CacheLab.request(["if-none-match": "\"a\""])).plan
        #expect((plan != nil) == isServed, "\(control)")
        guard let plan else { return }
        #expect(plan.staleness == .whileRevalidate && plan.background?.isValidation == true)
        #expect(plan.background?.fields.first("if-none-match") == "\"a\"" && plan.answer == .notModified)
    }

    @Test("Clients that want something fresh do not get it stale")
    func wantsFresh() {
        for control in ["max-age=100", "no-cache", "min-fresh=1"] {
            var lab = CacheLab.holding(["cache-control": "max-age=2, stale-while-revalidate=10"])
            lab.wait(5)
            #expect(!lab.send(CacheLab.request(["cache-control": control])).isHit, "\(control)")
        }
    }

    @Test("Settings: windows for responses that do not say, and windows beside s-maxage")
    func settings() {
        #expect(CacheLab.reuses(["cache-control": "max-age=2"]) { $0.staleWhileRevalidateSeconds = 10 })
        #expect(!CacheLab.reuses(["cache-control": "s-maxage=2"]) { $0.staleWhileRevalidateSeconds = 10 })
        #expect(
            CacheLab.reuses(["cache-control": "s-maxage=2, stale-while-revalidate=10"]) {
                $0.allowsStaleBesideSharedMaxAge = true
            })
        #expect(
            !CacheLab.reuses(["cache-control": "s-maxage=2, stale-while-revalidate=10, must-revalidate"]) {
                $0.allowsStaleBesideSharedMaxAge = true
            })
    }

    private func error(
        _ control: String, after seconds: Int64, _ failure: ErrorDecision.Failure, request: CacheFields = [:],
        _ set: (inout CachePolicy) -> Void = { _ in }
    ) -> ErrorDecision {
        var lab = CacheLab.holding(["cache-control": control, "etag": "\"a\""], set)
        lab.wait(seconds)
        let request = CacheLab.request(request)
        guard case .forward(let plan) = lab.policy.decide(request, candidates: lab.records, now: lab.now) else {
            Issue.record("not forwarded")
            return .pass
        }
        return lab.policy.onError(failure, for: request, plan: plan, now: lab.now)
    }

    private func staleness(_ decision: ErrorDecision) -> ServePlan.Staleness? {
        if case .serve(let plan) = decision { plan.staleness } else { nil }
    }

    @Test("stale-if-error serves when the origin fails, within its window (RFC 5861 4)")
    func ifError() {
        let control = "max-age=2, stale-if-error=10"
        for status in [500, 502, 503, 504] {
            #expect(staleness(error(control, after: 12, .status(status))) == .ifError, "\(status)")
            #expect(error(control, after: 13, .status(status)) == .pass, "\(status)")
            #expect(error("max-age=2", after: 5, .status(status)) == .pass, "\(status)")
        }
        #expect(error(control, after: 5, .status(404)) == .pass)
        #expect(staleness(error(control, after: 12, .unreachable)) == .ifError)
        let asked: CacheFields = ["cache-control": "stale-if-error=10"]
        #expect(staleness(error("max-age=2", after: 12, .status(503), request: asked)) == .ifError)
        #expect(staleness(error("max-age=2", after: 9, .status(503)) { $0.staleIfErrorSeconds = 9 }) == .ifError)
    }

    @Test("What prohibits stale responses prohibits them on errors too (RFC 9111 4.2.4, 5.2.2.2)")
    func prohibited() {
        for extra in ["must-revalidate", "proxy-revalidate", "no-cache", "s-maxage=2"] {
            let control = "max-age=2, stale-if-error=100, \(extra)"
            #expect(error(control, after: 5, .status(503)) == .pass, "\(extra)")
            #expect(error(control, after: 5, .unreachable) == .fail(status: 504), "\(extra)")
        }
    }

    @Test("A cache that is cut off uses stale responses for a day (RFC 9111 4.2.4)")
    func unreachable() {
        #expect(staleness(error("max-age=2", after: 86_402, .unreachable)) == .unreachable)
        #expect(error("max-age=2", after: 86_403, .unreachable) == .fail(status: 504))
        #expect(error("max-age=2", after: 5, .unreachable) { $0.staleWhenUnreachableSeconds = 0 } == .fail(status: 504))
    }

    @Test("Without anything stored an error is an error")
    func nothing() {
        let lab = CacheLab()
        let request = CacheLab.request()
        guard case .forward(let plan) = lab.policy.decide(request, candidates: [], now: lab.now) else { return }
        #expect(lab.policy.onError(.unreachable, for: request, plan: plan, now: lab.now) == .fail(status: 502))
        #expect(lab.policy.onError(.status(503), for: request, plan: plan, now: lab.now) == .pass)
    }

    @Test("A soft purge makes a fresh response stale: windows count from then")
    func softPurge() throws {
        var lab = CacheLab.holding(["cache-control": "max-age=1000, stale-while-revalidate=10", "etag": "\"a\""])
        lab.wait(5)
        lab.records[0].invalidatedAt = lab.now
        lab.wait(9)
        #expect(lab.send().plan?.staleness == .whileRevalidate)
        lab.wait(2)
        #expect(lab.send().forward?.isValidation == true)
        lab.send(CacheLab.request(), ResponseHead(status: 304, fields: ["etag": "\"a\""]))
        #expect(lab.send().plan?.staleness == .fresh)
        #expect(lab.records[0].invalidatedAt == nil)
    }
}
