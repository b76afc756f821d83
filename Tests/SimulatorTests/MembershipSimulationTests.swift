import Foundation
import Testing

@testable import Simulator

@Suite struct MembershipSimulationTests {
    private func run(
        nodes: Int = 40, seed: UInt64 = 1, seconds: Double = 240, crashes: Int = 2,
        _ change: (inout MembershipSimulation.Options) -> Void = { _ in }
    ) throws -> MembershipReport {
        var options = MembershipSimulation.Options(network: NetworkOptions(seed: seed, nodes: nodes))
        options.durationSeconds = seconds
        options.crashes = crashes
        change(&options)
        var simulation = try MembershipSimulation(options)
        return simulation.run()
    }

    @Test func everyNodeLearnsOfACrashAndNobodyAliveIsBuried() throws {
        let report = try run()
        #expect(report.violations.isEmpty, "\(report.violations), seed 1")
        #expect(report.crashes == 2 && report.detection.count >= 37 + 38 - 2)
        #expect(report.firstDetection.most < 60 && report.lastDetection.most < 90)
        #expect(report.falseDeaths == 0 && report.late == 0)
        #expect(report.bytesASecond.most < 20_000)
    }

    @Test func liarsCannotBuryTheLiving() throws {
        let report = try run(crashes: 1) { $0.network.malicious = 0.2 }
        #expect(report.violations.isEmpty, "\(report.violations), seed 1")
        #expect(report.falseDeaths == 0 && report.late == 0)
        #expect(report.suspicions > 0 && report.refutations > 0)
    }

    @Test func coordinatesComeNear() throws {
        let report = try run(crashes: 0)
        let last = try #require(report.coordinateErrors.last)
        #expect(last.median < 0.25, "after \(last.seconds) s, seed 1")
        let first = try #require(report.coordinateErrors.first)
        #expect(last.median < first.median)
    }

    @Test func halvesFindTogetherAfterACut() throws {
        let report = try run(seconds: 420, crashes: 0) {
            $0.network.partitions = [.init(island: Array(0..<12), fromSeconds: 60, untilSeconds: 200)]
        }
        #expect(report.falseDeaths == 0)
        let healed = try #require(report.healingSeconds.first)
        #expect(healed < 150)
    }

    @Test func lossAndChurnAreBorne() throws {
        let report = try run(seconds: 300) {
            $0.network.loss = 0.02
            $0.network.churnPerHour = 0.8
            $0.network.meanDowntimeSeconds = 120
            $0.network.slowNodes = 0.05
        }
        #expect(report.crashes > 2 && report.detection.count > 0)
        #expect(report.rows.count > 10)
    }

    @Test func oneSeedGivesOneResult() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        func json(_ seed: UInt64) throws -> Data {
            try encoder.encode(
                run(nodes: 20, seed: seed, seconds: 90, crashes: 1) {
                    $0.network.malicious = 0.2
                    $0.network.loss = 0.05
                    $0.network.churnPerHour = 0.5
                })
        }
        let first = try json(3)
        #expect(try json(3) == first)
        #expect(try json(4) != first)
    }

    @Test func refusesWhatCannotBeSimulated() {
        let changes: [(inout MembershipSimulation.Options) -> Void] = [
            { $0.network.nodes = MembershipSimulation.Options.maxNodes + 1 }, { $0.network.nodes = 1 },
            { $0.durationSeconds = 59 }, { $0.durationSeconds = 86_401 }, { $0.crashes = -1 }, { $0.crashes = 6 },
            {
                $0.crashes = 5
                $0.network.malicious = 0.5
            },
        ]
        for change in changes {
            var options = MembershipSimulation.Options(network: NetworkOptions(seed: 1, nodes: 10))
            change(&options)
            #expect(throws: SimulationError.self) { try MembershipSimulation(options) }
        }
    }
}
