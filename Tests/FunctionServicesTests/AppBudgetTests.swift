import NIOCore
import Testing

@testable import FunctionServices

@Suite struct AppBudgetTests {
    private func at(_ seconds: Double) -> NIODeadline { .uptimeNanoseconds(1_000_000_000 + UInt64(seconds * 1e9)) }

    @Test func ratesRefill() throws {
        var budget = AppBudget(.init(perSecond: 2, burst: 3, concurrent: 100, concurrentOfAll: 100))
        for _ in 0..<3 { #expect(budget.begin("a", now: at(0)) == nil) }
        #expect(budget.begin("a", now: at(0)) == .rate)
        #expect(budget.begin("b", now: at(0)) == nil)
        #expect(budget.begin("a", now: at(0.4)) == .rate)
        #expect(budget.begin("a", now: at(0.6)) == nil)
        // No more than the burst is saved up, and time does not run backwards.
        for _ in 0..<3 { #expect(budget.begin("a", now: at(1_000)) == nil) }
        #expect(budget.begin("a", now: at(0)) == .rate)
    }

    @Test func placesAreGivenBack() throws {
        var budget = AppBudget(.init(perSecond: .infinity, burst: .infinity, concurrent: 2, concurrentOfAll: 3))
        #expect(budget.begin("a", now: at(0)) == nil)
        #expect(budget.begin("a", now: at(0)) == nil)
        #expect(budget.begin("a", now: at(0)) == .concurrency)
        #expect(budget.begin("b", now: at(0)) == nil)
        #expect(budget.begin("c", now: at(0)) == .node)
        budget.finish("a")
        budget.finish("nobody")
        #expect(budget.open == 2)
        #expect(budget.begin("c", now: at(0)) == nil)
    }

    @Test func idleAppsAreForgotten() throws {
        var budget = AppBudget(.init(perSecond: 1, burst: 1, concurrent: 1, concurrentOfAll: .max))
        #expect(budget.begin("busy", now: at(0)) == nil)
        for number in 0..<AppBudget.maxApps {
            #expect(budget.begin("\(number)", now: at(0)) == nil)
            budget.finish("\(number)")
        }
        #expect(budget.begin("busy", now: at(9)) == .concurrency)
    }
}
