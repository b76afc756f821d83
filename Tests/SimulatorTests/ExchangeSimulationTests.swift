import Exchange
import Foundation
import Testing

@testable import Simulator

@Suite struct ExchangeSimulationTests {
    private func options(seed: UInt64 = 1, rounds: Int = 4) -> ExchangeSimulation.Options {
        var options = ExchangeSimulation.Options.usual(seed: seed)
        options.blobBytes = 16 << 20
        options.rounds = rounds
        return options
    }

    private func result(
        _ report: ExchangeReport, _ name: String, _ policy: ExchangeSimulation.Policy
    ) throws -> ExchangeReport.Result {
        try #require(report.results.first { $0.name == name && $0.policy == policy })
    }

    @Test func completesInEveryCaseAndBeatsTurnsWhereProvidersFail() throws {
        let report = try ExchangeSimulation(options()).run()
        #expect(report.violations.isEmpty)
        #expect(report.results.count == 18 && report.rows.count == 19)
        for name in ["slow", "vanishing", "trickling", "mixed"] {
            let turns = try result(report, name, .roundRobin).slowdown.median
            let ours = try result(report, name, .hedged).slowdown.median
            #expect(ours < turns, "\(name): \(ours) against \(turns), seed 1")
        }
        for result in report.results {
            #expect(result.slowdown.least > 0.5 && result.wastedShare < 0.5)
            if result.name == "all good" || result.name == "slow" { #expect(result.wrongProviders == 0) }
        }
    }

    @Test func asksNoLiarAgainWhenItsLieWasSeen() throws {
        let report = try ExchangeSimulation(options(rounds: 6)).run()
        let corrupt = try result(report, "corrupt", .hedged)
        #expect(corrupt.wrongProviders >= 6)
        // Wrong blocks that were on their way already still come.
        #expect(corrupt.wrongBlocks < corrupt.wrongProviders * (FetchPlan.Settings().maxWindow + 1))
    }

    @Test func oneSeedGivesOneResult() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        func json(_ seed: UInt64) throws -> Data {
            try encoder.encode(ExchangeSimulation(options(seed: seed, rounds: 2)).run())
        }
        let first = try json(5)
        #expect(try json(5) == first)
        #expect(try json(6) != first)
    }

    @Test func refusesWhatCannotBeSimulated() {
        let changes: [(inout ExchangeSimulation.Options) -> Void] = [
            { $0.network.nodes = 2 }, { $0.network.nodes = 66 }, { $0.blobBytes = 0 }, { $0.blobBytes = (1 << 30) + 1 },
            { $0.rounds = 0 }, { $0.rounds = 1_001 }, { $0.network.bandwidth = nil }, { $0.network.churnPerHour = 0.1 },
            { $0.network.malicious = 0.91 },
        ]
        for change in changes {
            var options = options()
            change(&options)
            #expect(throws: SimulationError.self) { try ExchangeSimulation(options) }
        }
    }

    @Test func aBlobOfOneByteIsOneBlock() throws {
        var options = options(rounds: 1)
        options.blobBytes = 1
        options.network.nodes = 3
        let report = try ExchangeSimulation(options).run()
        #expect(report.violations.isEmpty)
    }
}
