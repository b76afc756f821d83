import Foundation
import Testing

@testable import Simulator

@Suite("Discovery in the simulator")
struct DiscoverySimulationTests {
    private static func run(_ change: (inout DiscoverySimulation.Options) -> Void) throws -> DiscoveryReport {
        var network = NetworkOptions(seed: 11, nodes: 120)
        network.churnPerHour = 0.2
        network.malicious = 0.2
        var options = DiscoverySimulation.Options(network: network)
        options.durationSeconds = 600
        options.lookups = 150
        change(&options)
        var simulation = try DiscoverySimulation(options)
        return simulation.run { _ in }
    }

    @Test("With churn and a fifth of the nodes malicious, lookups find a provider, in one round trip")
    func oneHop() throws {
        let report = try Self.run { _ in }
        #expect(report.violations.isEmpty, "seed 11: \(report.violations)")
        #expect(report.lookups > 100 && report.rounds.median == 1)
        #expect(report.asked.most <= 20)
        #expect(report.forgeries > 0 && report.records.mean > 10)
        #expect(report.rows.allSatisfy { $0.count == 4 })
        #expect(report.plot.series.first?.points.isEmpty == false)
    }

    @Test("A hundred ids around a key do not censor it: the replicas behind them take its records")
    func crowdedKey() throws {
        let report = try Self.run {
            $0.network.nodes = 600
            $0.network.malicious = 0.5
            $0.network.churnPerHour = 0
            $0.clusterSize = 100
            $0.lookups = 400
        }
        // One key has a crowd, and a tenth of the lookups is of it.
        #expect(report.targetedLookups >= 20)
        #expect(report.targetedSuccess >= 0.9, "seed 11")
    }

    @Test("A node of a larger network holds and sends as much, and the comparison says so in every form")
    func comparison() throws {
        let base = try Self.run { $0.lookups = 60 }
        let report = try Self.run {
            $0.network.nodes = 300
            $0.lookups = 150
        }
        let comparison = DiscoveryComparison(base: base, report: report)
        #expect(comparison.violations.isEmpty, "seed 11: \(comparison.violations)")
        #expect(comparison.growth.count == 4)
        #expect(comparison.growth.allSatisfy { (0.5...1.5).contains($0.ratio ?? 0) }, "\(comparison.growth)")
        #expect(comparison.growth[0].base == base.records.median && comparison.growth[0].value == report.records.median)
        #expect(comparison.rows.allSatisfy { $0.count == 4 })
        #expect(comparison.rows.suffix(5).first == ["a node", "120 nodes", "300 nodes", "ratio"])
        #expect(comparison.plot.series.map(\.name) == ["120 nodes", "300 nodes"])
        #expect(comparison.plot.series[1].points.map(\.y) == comparison.growth.map(\.value))
        let json = try JSONEncoder().encode(comparison)
        #expect(try JSONDecoder().decode(DiscoveryComparison.self, from: json) == comparison)
    }

    @Test("Growth beyond the promise is a broken promise, between networks that are large enough")
    func growth() throws {
        var base = try Self.run {
            $0.durationSeconds = 200
            $0.lookups = 20
        }
        base.violations = []
        var larger = base
        larger.records.median = base.records.median * 1.5
        #expect(DiscoveryComparison(base: base, report: larger).violations.isEmpty)
        larger.records.median = base.records.median * 1.6
        larger.violations = ["bad"]
        #expect(DiscoveryComparison(base: base, report: larger).violations.count == 2)
        base.options.network.nodes = DiscoveryComparison.leastNodes - 1
        #expect(DiscoveryComparison(base: base, report: larger).violations == ["120 nodes: bad"])
        base.records.median = 0
        #expect(DiscoveryComparison(base: base, report: larger).growth[0].ratio == nil)
    }

    @Test("Paths find them too, where views are partial and stale")
    func paths() throws {
        let report = try Self.run {
            $0.oneHopNodes = 10
            $0.knownShare = 0.5
            $0.stalenessSeconds = 300
        }
        #expect(report.success >= 0.97)
    }

    @Test("The same seed gives the same report, another seed another one")
    func determinism() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let shorten = { (options: inout DiscoverySimulation.Options) in
            options.durationSeconds = 200
            options.lookups = 40
        }
        let first = try encoder.encode(try Self.run(shorten))
        #expect(try encoder.encode(try Self.run(shorten)) == first)
        let other = try encoder.encode(
            try Self.run {
                shorten(&$0)
                $0.network.seed = 12
            })
        #expect(other != first)
    }

    @Test("Options outside their ranges are refused")
    func options() {
        func code(_ change: (inout DiscoverySimulation.Options) -> Void) -> SimulationError.Code? {
            var options = DiscoverySimulation.Options(network: NetworkOptions(seed: 1, nodes: 10))
            change(&options)
            do throws(SimulationError) {
                _ = try DiscoverySimulation(options)
                return nil
            } catch { return error.code }
        }
        #expect(code { $0.lookups = 1 } == nil)
        #expect(code { $0.lookups = 0 } == .invalidOption)
        #expect(code { $0.lookups = 1_000_001 } == .invalidOption)
        #expect(code { $0.knownShare = 0 } == .invalidOption)
        #expect(code { $0.durationSeconds = 59 } == .invalidOption)
        #expect(code { $0.clusterBits = 65 } == .invalidOption)
        #expect(code { $0.maliciousGroups = 0 } == .invalidOption)
        #expect(code { $0.network.malicious = 2 } == .invalidOption)
    }

    @Test("A network of malicious nodes alone finds nothing, and ends")
    func allMalicious() throws {
        let report = try Self.run { $0.network.malicious = 1 }
        #expect(report.lookups == 0 && report.success == 1)
    }
}
