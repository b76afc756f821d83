import ArgumentParser
import Simulator

/// The network of a simulation with many nodes, and what goes wrong in it.
struct SimulateNetworkOptions: ParsableArguments {
    @OptionGroup var seed: SeedOption

    @Option(help: ArgumentHelp("Messages that never arrive.", valueName: "share"), transform: SimulationNumber.share)
    var loss = 0.0

    @Option(help: ArgumentHelp("Messages that arrive twice.", valueName: "share"), transform: SimulationNumber.share)
    var duplication = 0.0

    @Option(
        help: ArgumentHelp("Running nodes that have stopped an hour later.", valueName: "share"),
        transform: SimulationNumber.share)
    var churn: Double?

    @Option(help: ArgumentHelp("Nodes that lie.", valueName: "share"), transform: SimulationNumber.share)
    var malicious: Double?

    @Option(
        help: ArgumentHelp("Nodes that stand still for 8 of every 30 s.", valueName: "share"),
        transform: SimulationNumber.share)
    var slow = 0.0

    @Option(
        help: ArgumentHelp("Ordered pairs of nodes that no message passes.", valueName: "share"),
        transform: SimulationNumber.share)
    var oneWay = 0.0

    @Option(
        help: ArgumentHelp(
            "How much of a round trip may move from one direction to the other: 0 to 0.5.", valueName: "share"),
        transform: SimulationNumber.share)
    var asymmetry = 0.1

    @Option(
        help: ArgumentHelp(
            "Cut a share of the nodes off for a time, such as 30%@2m-5m. May be repeated.",
            valueName: "share@from-until"))
    var partition: [String] = []

    /// The options for `nodes` nodes, with what was not given as in `usual`.
    func network(nodes: Int, seed: UInt64, usual: NetworkOptions) throws -> NetworkOptions {
        var network = usual
        network.seed = seed
        network.nodes = nodes
        network.loss = loss
        network.duplication = duplication
        network.churnPerHour = churn ?? usual.churnPerHour
        network.malicious = malicious ?? usual.malicious
        network.slowNodes = slow
        network.oneWayBlocks = oneWay
        network.asymmetry = asymmetry
        try SimulationError.check("--nodes", nodes, in: 2...NetworkOptions.maxNodes)
        for (index, text) in partition.enumerated() {
            network.partitions.append(try Self.partition(text, index, nodes: nodes, seed: seed))
        }
        return network
    }

    private static func partition(
        _ text: String, _ index: Int, nodes: Int, seed: UInt64
    ) throws -> NetworkOptions.Partition {
        let halves = text.split(separator: "@", omittingEmptySubsequences: false)
        let times = halves.last?.split(separator: "-", omittingEmptySubsequences: false) ?? []
        guard halves.count == 2, times.count == 2 else {
            throw ValidationError("--partition \"\(text)\" is not share@from-until; write 30%@2m-5m")
        }
        let share = try SimulationNumber.share(String(halves[0]))
        let from = try SimulationNumber.seconds(String(times[0]))
        let until = try SimulationNumber.seconds(String(times[1]))
        guard from < until else {
            throw ValidationError("--partition \"\(text)\" ends before it begins; write 30%@2m-5m")
        }
        var random = SimulationRandom(seed: seed, purpose: "partition", index: index)
        let island = random.sample(Int((share * Double(nodes)).rounded()), of: nodes)
        return NetworkOptions.Partition(island: island, fromSeconds: from, untilSeconds: until)
    }
}
