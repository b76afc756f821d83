/// Fetches of a blob from several providers of which some are slow, lie, vanish or trickle: each case with each way of
/// dividing the work, over many drawn networks.
package struct ExchangeSimulation {
    /// What to simulate.
    package struct Options: Codable, Equatable, Sendable {
        /// The most providers of a blob, and bytes: 1 GiB.
        package static let maxProviders = 64
        package static let maxBlobBytes = 1 << 30
        package static let maxRounds = 1_000

        /// Its `nodes` are the providers and the node that fetches; `malicious` is the share of the providers that
        /// have the fault of a case; `loss` costs a round trip for each chunk of 32 KiB that it hits.
        package var network: NetworkOptions
        package var blobBytes = 256 << 20
        /// Networks drawn for each case.
        package var rounds = 20

        package init(network: NetworkOptions) { self.network = network }

        /// Lines of 100 Mbit/s in the median, a quarter of six providers with faults.
        package static func usual(seed: UInt64, providers: Int = 6) -> Options {
            var network = NetworkOptions(seed: seed, nodes: providers + 1)
            network.malicious = 0.25
            network.bandwidth = .init(medianUp: 12.5e6, medianDown: 125e6, sigma: 0.6)
            return Options(network: network)
        }

        /// Throws `SimulationError` if an option is outside what it documents.
        package func validate() throws(SimulationError) {
            try network.validate()
            try SimulationError.check("--providers", network.nodes - 1, in: 2...Self.maxProviders)
            try SimulationError.check("--size", blobBytes, in: 1...Self.maxBlobBytes)
            try SimulationError.check("--rounds", rounds, in: 1...Self.maxRounds)
            guard network.bandwidth != nil else {
                throw SimulationError(.contradiction, "an exchange needs lines; give the network a bandwidth")
            }
            guard network.churnPerHour == 0, network.partitions.isEmpty else {
                throw SimulationError(
                    .contradiction, "an exchange takes faults from its cases; leave churn and partitions away")
            }
            // Whoever knows nothing but liars gets nothing.
            try SimulationError.check("--malicious", network.malicious, in: 0...0.9)
        }
    }

    /// Ways to divide the blocks.
    package enum Policy: String, CaseIterable, Codable, Sendable {
        case roundRobin = "round robin"
        case proportional = "by rate"
        case hedged = "by rate, hedged"
    }

    /// Which faults the bad providers of a case have, in turn.
    static let cases: [(name: String, faults: [FetchRun.Fault])] = [
        ("all good", []), ("slow", [.slow]), ("corrupt", [.corrupt]), ("vanishing", [.vanishing]),
        ("trickling", [.trickling]), ("mixed", [.slow, .corrupt, .vanishing, .trickling]),
    ]

    private let options: Options

    /// Throws `SimulationError` if the options are invalid.
    package init(_ options: Options) throws(SimulationError) {
        try options.validate()
        self.options = options
    }

    /// Runs all cases; `progress` hears the share that is done.
    package func run(progress: (Double) -> Void = { _ in }) throws(SimulationError) -> ExchangeReport {
        var results: [ExchangeReport.Result] = []
        let steps = Double(Self.cases.count * Policy.allCases.count)
        for scenario in Self.cases {
            for policy in Policy.allCases {
                results.append(try measure(scenario.name, scenario.faults, policy))
                progress(Double(results.count) / steps)
            }
        }
        return ExchangeReport(options: options, results: results)
    }

    private func measure(
        _ name: String, _ faults: [FetchRun.Fault], _ policy: Policy
    ) throws(SimulationError) -> ExchangeReport.Result {
        var outcomes: [FetchRun.Outcome] = []
        for round in 0..<options.rounds {
            var seeds = SimulationRandom(seed: options.network.seed, purpose: "rounds", index: round)
            var network = options.network
            network.seed = seeds.next()
            var run = try FetchRun(
                network, faults: self.faults(faults, seed: network.seed), blobBytes: options.blobBytes
            ) {
                roundTrips, blockCount in
                switch policy {
                case .roundRobin: RoundRobinPolicy(blockCount: blockCount, providers: roundTrips.count)
                case .proportional, .hedged:
                    PlannedPolicy(
                        blockCount: blockCount, roundTrips: roundTrips, isHedging: policy == .hedged, seed: network.seed
                    )
                }
            }
            outcomes.append(run.run())
        }
        return ExchangeReport.Result(name, policy, outcomes, blobBytes: options.blobBytes)
    }

    /// The providers' faults: the share that the options name, at least one, never all.
    private func faults(_ kinds: [FetchRun.Fault], seed: UInt64) -> [FetchRun.Fault] {
        let count = options.network.nodes - 1
        var faults = [FetchRun.Fault](repeating: .none, count: count)
        guard !kinds.isEmpty, options.network.malicious > 0 else { return faults }
        let bad = min(count - 1, max(kinds.count, Int((options.network.malicious * Double(count)).rounded())))
        var random = SimulationRandom(seed: seed, purpose: "faults")
        for (turn, provider) in random.sample(bad, of: count).enumerated() {
            faults[provider] = kinds[turn % kinds.count]
        }
        return faults
    }
}
