/// Everything that a simulated network is made of and everything that goes wrong in it.
///
/// Shares are probabilities from 0 to 1. Two runs of one program with equal options are the same to the last bit.
package struct NetworkOptions: Codable, Equatable, Sendable {
    /// The most nodes of a run.
    package static let maxNodes = 100_000
    /// The longest time of one setting, in seconds of virtual time: ten days.
    package static let maxSeconds = 864_000.0

    /// Names the run.
    package var seed: UInt64
    /// Nodes are numbered from 0.
    package var nodes: Int

    /// Messages that never arrive.
    package var loss = 0.0
    /// Messages that arrive a second time.
    package var duplication = 0.0
    /// The largest share of a round trip that moves from one direction of a city pair to the other: 0 to 0.5.
    package var asymmetry = 0.1
    /// Ordered pairs of nodes that no message passes, while the other direction may work.
    package var oneWayBlocks = 0.0

    /// Nodes that stand still at times, as an overloaded machine does: what reaches them then waits.
    package var slowNodes = 0.0
    /// How long a slow node stands still.
    package var slowPauseSeconds = 8.0
    /// From one pause of a slow node to the next.
    package var slowPeriodSeconds = 30.0

    /// Running nodes that have stopped an hour later; lifetimes are exponential.
    package var churnPerHour = 0.0
    /// Stops without a goodbye; the rest leave in order.
    package var crashes = 0.5
    /// Stopped nodes that come back without what they stored and knew.
    package var freshReturns = 0.25
    /// Mean of the exponential time until a stopped node is back.
    package var meanDowntimeSeconds = 1_800.0

    /// Nodes that work against the others; what they do is the simulation's business.
    package var malicious = 0.0

    /// Times in which a part of the nodes is cut off from the others.
    package var partitions: [Partition] = []
    /// Line rates; nil: messages take no time on the line.
    package var bandwidth: Bandwidth?

    /// A part of the network that no message leaves or enters for a time.
    package struct Partition: Codable, Equatable, Sendable {
        /// The nodes that are cut off.
        package var island: [Int]
        /// Virtual time of the cut and of the healing.
        package var fromSeconds: Double
        package var untilSeconds: Double

        package init(island: [Int], fromSeconds: Double, untilSeconds: Double) {
            self.island = island
            self.fromSeconds = fromSeconds
            self.untilSeconds = untilSeconds
        }
    }

    /// Bytes a second of the nodes' lines, log-normal: bytes wait in front of a line as in a queue.
    package struct Bandwidth: Codable, Equatable, Sendable {
        package var medianUp: Double
        package var medianDown: Double
        package var sigma: Double

        package init(medianUp: Double, medianDown: Double, sigma: Double) {
            self.medianUp = medianUp
            self.medianDown = medianDown
            self.sigma = sigma
        }
    }

    package init(seed: UInt64, nodes: Int) {
        self.seed = seed
        self.nodes = nodes
    }

    /// Throws `SimulationError` if an option is outside what it documents.
    package func validate() throws(SimulationError) {
        try SimulationError.check("--nodes", nodes, in: 2...Self.maxNodes)
        let shares = [
            ("--loss", loss), ("--duplication", duplication), ("--one-way", oneWayBlocks), ("--slow", slowNodes),
            ("crashes", crashes), ("fresh returns", freshReturns), ("--malicious", malicious),
        ]
        for (name, share) in shares { try SimulationError.check(name, share, in: 0...1) }
        // A lifetime of 1 would be an infinite rate.
        try SimulationError.check("--churn", churnPerHour, in: 0...0.99)
        try SimulationError.check("--asymmetry", asymmetry, in: 0...0.5)
        try SimulationError.check("mean downtime", meanDowntimeSeconds, in: 1...Self.maxSeconds)
        try SimulationError.check("slow period", slowPeriodSeconds, in: 1...Self.maxSeconds)
        try SimulationError.check("slow pause", slowPauseSeconds, in: 0...slowPeriodSeconds * 0.9)
        for partition in partitions {
            try SimulationError.check("partition start", partition.fromSeconds, in: 0...Self.maxSeconds)
            try SimulationError.check("partition end", partition.untilSeconds, in: 0...Self.maxSeconds)
            guard partition.island.allSatisfy((0..<nodes).contains) else {
                throw SimulationError(.contradiction, "a partition names a node above \(nodes - 1)")
            }
        }
        if let bandwidth {
            try SimulationError.check("median uplink (bytes/s)", bandwidth.medianUp, in: 1...1e12)
            try SimulationError.check("median downlink (bytes/s)", bandwidth.medianDown, in: 1...1e12)
            try SimulationError.check("bandwidth sigma", bandwidth.sigma, in: 0...3)
        }
    }
}
