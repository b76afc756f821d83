import ArgumentParser
import Simulator

struct SimulateExchange: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exchange",
        abstract: "Fetch a blob from providers of which some are slow, lie, vanish or trickle; compare policies.")

    @OptionGroup var seed: SeedOption
    @OptionGroup var output: SimulationOutput

    @Option(help: "Nodes: the one that fetches and its providers (3 to 65).")
    var nodes = 7

    @Option(help: ArgumentHelp("The blob's size, such as 64MiB. Default: 256MiB.", valueName: "size"))
    var size: ByteSize?

    @Option(help: "Networks drawn for each case.")
    var rounds = 20

    @Option(
        help: ArgumentHelp("Providers with the fault of a case; one at least.", valueName: "share"),
        transform: SimulationNumber.share)
    var malicious = 0.25

    @Option(
        help: ArgumentHelp("Chunks of 32 KiB that TCP has to repeat.", valueName: "share"),
        transform: SimulationNumber.share)
    var loss = 0.0

    func run() async throws {
        let seed = seed.value
        try SimulationError.check("--nodes", nodes, in: 3...ExchangeSimulation.Options.maxProviders + 1)
        var options = ExchangeSimulation.Options.usual(seed: seed, providers: nodes - 1)
        options.network.malicious = malicious
        options.network.loss = loss
        if let size { options.blobBytes = size.bytes }
        options.rounds = rounds
        let start = ContinuousClock.now
        let report = try ExchangeSimulation(options).run(progress: SimulationOutput.progress)
        try output.show(report, seed: seed, took: ContinuousClock.now - start)
    }
}
