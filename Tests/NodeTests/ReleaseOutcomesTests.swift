import Functions
import NIOCore
import Placement
import Testing

@testable import Node

@Suite("How a release's requests ended") struct ReleaseOutcomesTests {
    private let version = FunctionVersion(tenant: "owner/app", release: "r1")

    @Test("Errors of the function and 5xx are failures; what the caller or the node is to blame for is left out")
    func counts() {
        let outcomes = ReleaseOutcomes()
        for status in [200, 404, 500, 503] { outcomes.add(version, status: status, error: nil) }
        for code in [FunctionError.Code.exception, .cpuLimit, .cancelled, .overloaded, .interrupted, .crashed] {
            outcomes.add(version, status: nil, error: FunctionError(code, ""))
        }
        let counts = outcomes.counts(of: version)
        #expect(counts.total == 7 && counts.failed == 5)
        outcomes.forget(version)
        #expect(outcomes.counts(of: version).total == 0)
    }

    @Test("What is older than two windows is forgotten")
    func windows() {
        let outcomes = ReleaseOutcomes()
        let start = NIODeadline.now()
        outcomes.add(version, status: 500, error: nil, now: start)
        outcomes.add(version, status: 200, error: nil, now: start + .minutes(6))
        #expect(outcomes.counts(of: version, now: start + .minutes(6)).total == 2)
        #expect(outcomes.counts(of: version, now: start + .minutes(12)).total == 1)
        #expect(outcomes.counts(of: version, now: start + .minutes(30)).total == 0)
    }
}
