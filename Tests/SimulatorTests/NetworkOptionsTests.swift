import Testing

@testable import Simulator

@Suite struct NetworkOptionsTests {
    @Test(
        arguments: [
            { $0.nodes = 1 }, { $0.nodes = NetworkOptions.maxNodes + 1 }, { $0.loss = -0.1 }, { $0.loss = 1.1 },
            { $0.loss = .nan }, { $0.duplication = 2 }, { $0.asymmetry = 0.6 }, { $0.oneWayBlocks = -1 },
            { $0.slowNodes = 2 }, { $0.slowPauseSeconds = 28 }, { $0.slowPeriodSeconds = 0 }, { $0.churnPerHour = 1 },
            { $0.crashes = 3 }, { $0.freshReturns = -1 }, { $0.meanDowntimeSeconds = 0 }, { $0.malicious = 1.5 },
            { $0.partitions = [.init(island: [10], fromSeconds: 0, untilSeconds: 1)] },
            { $0.partitions = [.init(island: [1], fromSeconds: -1, untilSeconds: 1)] },
            { $0.partitions = [.init(island: [1], fromSeconds: 0, untilSeconds: NetworkOptions.maxSeconds + 1)] },
            { $0.bandwidth = .init(medianUp: 0, medianDown: 1, sigma: 0) },
            { $0.bandwidth = .init(medianUp: 1, medianDown: .infinity, sigma: 0) },
        ] as [@Sendable (inout NetworkOptions) -> Void])
    func refusesWhatIsOutsideItsRange(_ change: @Sendable (inout NetworkOptions) -> Void) {
        var options = NetworkOptions(seed: 1, nodes: 10)
        change(&options)
        #expect(throws: SimulationError.self) { try options.validate() }
        #expect(throws: SimulationError.self) { try VirtualNetwork<Int, Int>(options) }
    }

    @Test func takesTheEndsOfItsRanges() throws {
        var options = NetworkOptions(seed: .max, nodes: 2)
        try options.validate()
        options.nodes = NetworkOptions.maxNodes
        options.loss = 1
        options.duplication = 1
        options.asymmetry = 0.5
        options.oneWayBlocks = 1
        options.churnPerHour = 0.99
        options.malicious = 1
        options.partitions = [
            .init(island: [NetworkOptions.maxNodes - 1], fromSeconds: 0, untilSeconds: NetworkOptions.maxSeconds)
        ]
        try options.validate()
    }

    @Test func saysWhatIsAllowed() {
        var options = NetworkOptions(seed: 1, nodes: 10)
        options.loss = 2
        #expect(throws: SimulationError(.invalidOption, "--loss is 2.0; choose 0.0 to 1.0")) { try options.validate() }
    }
}
