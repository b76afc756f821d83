import ArgumentParser
import Simulator

struct SimulateMembership: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "membership",
        abstract: "Let nodes watch each other: how soon crashes are known, and who is taken for dead wrongly.")

    @OptionGroup var options: SimulateNetworkOptions
    @OptionGroup var output: SimulationOutput

    @Option(help: "Nodes (2 to 3000; time and memory grow with the square).")
    var nodes = 300

    @Option(
        help: ArgumentHelp("Virtual time, such as 600s, 10m or 1h.", valueName: "time"),
        transform: SimulationNumber.seconds)
    var duration = 600.0

    @Option(help: "Nodes that crash and stay away, beside the churn.")
    var crashes = 10

    func run() async throws {
        let seed = options.seed.value
        var simulated = MembershipSimulation.Options(
            network: try options.network(nodes: nodes, seed: seed, usual: NetworkOptions(seed: seed, nodes: nodes)))
        simulated.durationSeconds = duration
        simulated.crashes = crashes
        let start = ContinuousClock.now
        var simulation = try MembershipSimulation(simulated)
        let report = simulation.run(progress: SimulationOutput.progress)
        try output.show(report, seed: seed, took: ContinuousClock.now - start)
    }
}
