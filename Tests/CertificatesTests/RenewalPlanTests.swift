import Foundation
import Testing

@testable import Certificates

@Suite("When certificates are ordered")
struct RenewalPlanTests {
    let start = Date(timeIntervalSince1970: 1_800_000_000)

    private func plan(_ domains: [String] = ["a.de"], _ change: (inout RenewalPlan.Settings) -> Void = { _ in })
        -> RenewalPlan
    {
        var settings = RenewalPlan.Settings()
        change(&settings)
        var plan = RenewalPlan(settings: settings)
        plan.want(domains, now: start)
        return plan
    }

    @Test("At once without one, and after two thirds of the life of one")
    func renewal() {
        var plan = plan()
        #expect(plan.isDue("a.de", now: start) && !plan.isDue("b.de", now: start))
        plan.hold("a.de", start..<(start + 90 * 86_400))
        #expect(!plan.isDue("a.de", now: start + 60 * 86_400 - 1))
        #expect(plan.isDue("a.de", now: start + 60 * 86_400))
        #expect(plan.isDue("a.de", now: start + 365 * 86_400), "expired")
    }

    @Test("Once at a time for a domain, two for all, and the most urgent first")
    func order() {
        var plan = plan(["a.de", "b.de", "c.de"])
        plan.hold("a.de", (start - 90 * 86_400)..<(start + 1))
        plan.hold("b.de", (start - 90 * 86_400)..<(start + 9))
        #expect(plan.begin(now: start) { _ in true } == ["c.de", "a.de"])
        #expect(plan.begin(now: start) { _ in true }.isEmpty)
        plan.hold("c.de", start..<(start + 90 * 86_400))
        #expect(plan.begin(now: start) { _ in true } == ["b.de"])
        plan.abandon("b.de")
        #expect(plan.begin(now: start) { _ in false }.isEmpty, "another node's turn")
    }

    @Test("Again after pauses that double up to the longest, with some chance")
    func pauses() {
        var plan = plan()
        var now = start
        var pauses: [Double] = []
        for _ in 0..<12 {
            let begun = plan.begin(now: now) { _ in true }
            #expect(begun == ["a.de"])
            let next = plan.failed("a.de", "no", now: now, chance: 0)
            #expect(plan.begin(now: next - 1) { _ in true }.isEmpty)
            pauses.append(next.timeIntervalSince(now).rounded())
            now = next
        }
        #expect(pauses.prefix(4) == [60, 120, 240, 480])
        #expect(pauses.last == 21_600)
        #expect(plan.entry("a.de")?.problem == "no" && plan.entry("a.de")?.failures == 12)
        let late = plan.failed("a.de", "no", now: now, chance: 1).timeIntervalSince(now)
        #expect(abs(late - 6 * 3_600 * 1.2) < 1)
        plan.hold("a.de", now..<(now + 86_400))
        #expect(plan.entry("a.de")?.failures == 0 && plan.entry("a.de")?.problem == nil)
    }

    @Test("Not before the authority says, for all domains if it limits the account")
    func limits() {
        var plan = plan(["a.de", "b.de"]) { $0.ordersAtOnce = 1 }
        _ = plan.begin(now: start) { _ in true }
        let next = plan.failed("a.de", "slow down", retryAfter: 7_200, isLimited: true, now: start, chance: 0)
        #expect(next == start + 7_200)
        #expect(plan.begin(now: start + 7_199) { _ in true }.isEmpty)
        #expect(plan.begin(now: start + 7_200) { _ in true } == ["a.de"])
    }

    @Test("At most so many within an hour")
    func budget() {
        let domains = (0..<70).map { "d\($0).de" }
        var plan = plan(domains) { $0.ordersAtOnce = 1_000 }
        #expect(plan.begin(now: start) { _ in true }.count == 60)
        #expect(plan.begin(now: start + 3_599) { _ in true }.isEmpty)
        #expect(plan.begin(now: start + 3_600) { _ in true }.count == 10)
    }

    @Test("With a pause that binding a domain anew does not end")
    func rebinding() {
        var plan = plan()
        _ = plan.begin(now: start) { _ in true }
        plan.failed("a.de", "no", now: start, chance: 0)
        plan.want([], now: start + 1)
        #expect(!plan.isDue("a.de", now: start + 1))
        plan.want(["a.de"], now: start + 2)
        #expect(plan.begin(now: start + 2) { _ in true }.isEmpty)
        #expect(plan.begin(now: start + 60) { _ in true } == ["a.de"])
    }

    @Test("The authority's window goes before two thirds; a time of it is picked once, before the last twentieth")
    func advice() {
        var plan = plan()
        let life = start..<(start + 100 * 86_400)
        #expect(plan.unadvised(now: start, limit: 8) { _ in true }.isEmpty, "there is none yet")
        plan.hold("a.de", life)
        #expect(plan.unadvised(now: start, limit: 8) { _ in true } == ["a.de"])
        #expect(plan.unadvised(now: start, limit: 8) { _ in false }.isEmpty)
        let window = (start + 10 * 86_400)..<(start + 20 * 86_400)
        plan.advise("a.de", RenewalAdvice(window: window, askAgainSeconds: 100), now: start, chance: 0.5)
        #expect(plan.renewal(of: "a.de") == start + 15 * 86_400)
        #expect(plan.unadvised(now: start + 99, limit: 8) { _ in true }.isEmpty)
        #expect(plan.unadvised(now: start + 100, limit: 8) { _ in true } == ["a.de"])
        plan.advise("a.de", RenewalAdvice(window: window), now: start, chance: 0.9)
        #expect(plan.renewal(of: "a.de") == start + 15 * 86_400, "the same window")
        plan.advise("a.de", nil, now: start, chance: 0.9)
        #expect(plan.renewal(of: "a.de") == start + 15 * 86_400, "it says nothing new")
        #expect(plan.isDue("a.de", now: start + 15 * 86_400) && !plan.isDue("a.de", now: start + 15 * 86_400 - 1))
        let late = (start + 99 * 86_400)..<(start + 200 * 86_400)
        plan.advise("a.de", RenewalAdvice(window: late), now: start, chance: 1)
        #expect(plan.renewal(of: "a.de") == start + 95 * 86_400)
        plan.hold("a.de", start..<(start + 90 * 86_400))
        #expect(plan.renewal(of: "a.de") == start + 60 * 86_400, "another one, nothing is known of it")
    }
}
