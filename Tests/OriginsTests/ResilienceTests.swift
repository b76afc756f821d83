import NIOCore
import Testing

@testable import Origins

private func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(1) + .seconds(seconds) }

@Suite("Retries, breakers and limits of origins")
struct ResilienceTests {
    @Test("A fifth of the requests may be sent again, for long")
    func budgetIsAShare() {
        var budget = RetryBudget()
        budget.perSecond = 0
        var granted = 0
        for _ in 0..<1_000 {
            budget.onRequest(now: at(0))
            if budget.takeRetry(now: at(0)) { granted += 1 }
        }
        // Ten in reserve at first.
        #expect((200...211).contains(granted), "\(granted)")
    }

    @Test("The reserve comes back with time")
    func reserveComesBack() {
        var budget = RetryBudget()
        for _ in 0..<10 {
            let isGranted = budget.takeRetry(now: at(0))
            #expect(isGranted)
        }
        let tooMany = budget.takeRetry(now: at(0))
        #expect(!tooMany)
        let early = budget.takeRetry(now: at(9))
        #expect(!early)
        let later = budget.takeRetry(now: at(10))
        #expect(later)
    }

    @Test(
        "Waits are between zero and a bound that doubles",
        arguments: [(1, 100), (2, 200), (3, 400), (5, 1_600), (6, 2_000), (60, 2_000)])
    func backoff(_ retry: Int, _ bound: Int64) {
        var generator = SeededGenerator(state: 7)
        let delays = (0..<200).map { _ in Backoff().delay(retry: retry, using: &generator) }
        #expect(delays.allSatisfy { $0 >= .zero && $0 <= .milliseconds(bound) })
        #expect(Set(delays).count > 100)
    }

    private func fail(_ breaker: inout CircuitBreaker, _ count: Int, at seconds: Int64) {
        for _ in 0..<count {
            guard case .success(let pass) = breaker.admit(now: at(seconds)) else { continue }
            breaker.onFailure(pass, now: at(seconds))
        }
    }

    @Test("Five failures in a row over two seconds open the breaker; without a success it opens for twice as long")
    func breakerOpensAndDoubles() throws {
        var breaker = CircuitBreaker()
        fail(&breaker, 4, at: 0)
        #expect(breaker.state == .closed)
        fail(&breaker, 6, at: 1)
        #expect(breaker.state == .closed, "they may have one cause, which is not the origin")
        fail(&breaker, 1, at: 2)
        #expect(breaker.state == .open(until: at(7)))
        var now: Int64 = 2
        for wait: Int64 in [5, 10, 20, 40, 80, 160, 320, 600, 600] {
            let early = breaker.admit(now: at(now + wait - 1))
            #expect(early == .failure(.init(remaining: .seconds(1))))
            now += wait
            let pass = try breaker.admit(now: at(now)).get()
            #expect(breaker.state == .halfOpen)
            let second = breaker.admit(now: at(now))
            #expect(second == .failure(.init(remaining: .seconds(1))))
            breaker.onFailure(pass, now: at(now))
        }
        now += 600
        let pass = try breaker.admit(now: at(now)).get()
        breaker.onSuccess(pass, now: at(now))
        #expect(breaker.state == .closed)
        fail(&breaker, 4, at: now)
        fail(&breaker, 1, at: now + 2)
        #expect(breaker.state == .open(until: at(now + 7)))
        #expect(breaker.openings == 11)
    }

    @Test("Half of twenty requests in ten seconds open it; fewer requests or successes between do not")
    func breakerKnowsRates() {
        for (count, isOpen) in [(18, false), (20, true)] {
            var breaker = CircuitBreaker()
            for index in 0..<count {
                guard case .success(let pass) = breaker.admit(now: at(1)) else { continue }
                if index.isMultiple(of: 2) {
                    breaker.onSuccess(pass, now: at(1))
                } else {
                    breaker.onFailure(pass, now: at(1))
                }
            }
            #expect((breaker.state != .closed) == isOpen)
        }
        var slow = CircuitBreaker()
        for index in 0..<40 {
            guard case .success(let pass) = slow.admit(now: at(Int64(index))) else { continue }
            if index.isMultiple(of: 2) {
                slow.onSuccess(pass, now: at(Int64(index)))
            } else {
                slow.onFailure(pass, now: at(Int64(index)))
            }
        }
        #expect(slow.state == .closed)
    }

    @Test("Failures that come together do not open it while much went well shortly before")
    func breakerRemembers() {
        var breaker = CircuitBreaker()
        for second: Int64 in [0, 7] {
            for _ in 0..<40 {
                if case .success(let pass) = breaker.admit(now: at(second)) { breaker.onSuccess(pass, now: at(second)) }
            }
        }
        fail(&breaker, 39, at: 12)
        #expect(breaker.state == .closed)
        fail(&breaker, 1, at: 12)
        #expect(breaker.state == .open(until: at(17)))
    }

    @Test(
        "Results of requests that began before the breaker changed do not count, and an abandoned probe leaves the next one"
    )
    func breakerIgnoresOldResults() throws {
        var breaker = CircuitBreaker()
        let old = try breaker.admit(now: at(0)).get()
        fail(&breaker, 4, at: 0)
        fail(&breaker, 1, at: 2)
        breaker.onSuccess(old, now: at(3))
        #expect(breaker.state == .open(until: at(7)))
        let probe = try breaker.admit(now: at(7)).get()
        breaker.onFailure(old, now: at(7))
        #expect(breaker.state == .halfOpen)
        breaker.onAbandoned(probe, now: at(8))
        let next = try breaker.admit(now: at(8)).get()
        breaker.onSuccess(next, now: at(8))
        #expect(breaker.state == .closed)
    }

    @Test("An origin has only so many requests open, and its numbers are kept")
    func healthCounts() throws {
        var health = OriginHealth()
        let first = try health.begin(maxConcurrent: 1, now: at(0))
        #expect(throws: OriginHealth.Refusal.full) { try health.begin(maxConcurrent: 1, now: at(0)) }
        let granted = health.beginRetry(first, now: at(0))
        let retry = try #require(granted)
        health.report(.success, retry, now: at(0))
        health.end(now: at(1))
        let snapshot = health.snapshot(name: "x")
        #expect(snapshot.requests == 1)
        #expect(snapshot.attempts == 2)
        #expect(snapshot.failures == 1)
        #expect(snapshot.refused == 1)
        #expect(snapshot.inFlight == 0)
        #expect(!snapshot.isOpen)
    }
}
