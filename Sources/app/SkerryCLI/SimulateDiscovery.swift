import ArgumentParser
import Simulator

struct SimulateDiscovery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discovery",
        abstract: "Publish and look up who has which blob, while nodes come and go and some of them lie.")

    @OptionGroup var options: SimulateNetworkOptions
    @OptionGroup var output: SimulationOutput

    @Option(help: "Nodes (2 to 100000; 10000 take minutes and about 2 GiB).")
    var nodes = 1_000

    @Option(
        help: ArgumentHelp("Virtual time, such as 600s, 30m or 2h.", valueName: "time"),
        transform: SimulationNumber.seconds)
    var duration = 3_600.0

    @Option(
        help: ArgumentHelp("The other nodes that each node knows of, another share for each.", valueName: "share"),
        transform: SimulationNumber.share)
    var known = 1.0

    @Option(
        help: ArgumentHelp("Until nodes hear that another one stopped or is back, on average.", valueName: "time"),
        transform: SimulationNumber.seconds)
    var staleness: Double?

    @Option(help: "Lookups in the whole run.")
    var lookups: Int?

    @Option(help: ArgumentHelp("Lookups take paths in networks above this size.", valueName: "nodes"))
    var oneHop: Int?

    @Option(
        help: ArgumentHelp(
            "Simulate a network of this size as well, and show how what a node holds and sends grows from it.",
            valueName: "nodes"))
    var compare: Int?

    func run() async throws {
        let seed = options.seed.value
        let start = ContinuousClock.now
        let simulated = try network(of: nodes, seed: seed)
        try simulated.validate()
        guard let compare else {
            let report = try simulate(simulated, SimulationOutput.progress)
            return try output.show(report, seed: seed, took: ContinuousClock.now - start)
        }
        try SimulationError.check("--compare", compare, in: 2...NetworkOptions.maxNodes)
        var base = try network(of: compare, seed: seed)
        // Nodes of both networks look up equally often.
        base.lookups = max(1, simulated.lookups * compare / nodes)
        try base.validate()
        let share = Double(compare) / Double(compare + nodes)
        let comparison = DiscoveryComparison(
            base: try simulate(base) { SimulationOutput.progress($0 * share) },
            report: try simulate(simulated) { SimulationOutput.progress(share + $0 * (1 - share)) })
        try output.show(comparison, seed: seed, took: ContinuousClock.now - start)
    }

    private func network(of nodes: Int, seed: UInt64) throws -> DiscoverySimulation.Options {
        var usual = NetworkOptions(seed: seed, nodes: nodes)
        usual.churnPerHour = 0.2
        usual.malicious = 0.2
        var simulated = DiscoverySimulation.Options(
            network: try options.network(nodes: nodes, seed: seed, usual: usual))
        simulated.durationSeconds = duration
        simulated.knownShare = known
        if let staleness { simulated.stalenessSeconds = staleness }
        if let lookups { simulated.lookups = lookups }
        if let oneHop { simulated.oneHopNodes = oneHop }
        return simulated
    }

    private func simulate(
        _ options: DiscoverySimulation.Options, _ progress: (Double) -> Void
    ) throws -> DiscoveryReport {
        var simulation = try DiscoverySimulation(options)
        return simulation.run(progress: progress)
    }
}
