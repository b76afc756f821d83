import Blake3
import Discovery
import Identity

/// A network in which nodes publish who has which blob and look that up, while nodes come and go and some work against
/// the others: the cores of `Discovery` on a virtual clock.
///
/// Malicious nodes accept records and drop them. By thirds they then never answer lookups; answer with forged and
/// outdated records and name only each other as nearer nodes; or have gathered around single keys, as far as ids can be
/// chosen before they are registered, deny those keys' records and claim to provide them. Signatures are a flag.
package struct DiscoverySimulation {
    /// Everything that a run depends on.
    package struct Options: Codable, Equatable, Sendable {
        package var network: NetworkOptions
        /// The virtual time of the run; lookups begin after a tenth of it.
        package var durationSeconds = 3_600.0
        /// The share of the other nodes that each node can think of as replicas, another one for each.
        package var knownShare = 1.0
        /// Until a node hears of another's stop or return: half of this to one and a half times it, by node.
        package var stalenessSeconds = 10.0
        /// Above this size lookups take paths.
        package var oneHopNodes = 5_000
        package var lookups = 10_000
        /// Blobs in the network, by node, and how many nodes have each.
        package var blobsPerNode = 1.0
        package var providersPerBlob = 3
        /// The leading bits in which an id of the third kind of malicious nodes agrees with its key.
        package var clusterBits = 16
        /// Malicious nodes around one key.
        package var clusterSize = 40
        /// Address groups that all malicious nodes together have; each honest group has ten nodes.
        package var maliciousGroups = 16

        package init(network: NetworkOptions) { self.network = network }

        /// Throws if an option is outside what it documents.
        package func validate() throws(SimulationError) {
            try SimulationError.check("--duration", durationSeconds, in: 60...NetworkOptions.maxSeconds)
            try SimulationError.check("--staleness", stalenessSeconds, in: 0...NetworkOptions.maxSeconds)
            try SimulationError.check("--known", knownShare, in: 0.01...1)
            try SimulationError.check("--lookups", lookups, in: 1...1_000_000)
            try SimulationError.check("blobs per node", blobsPerNode, in: 0.01...100)
            try SimulationError.check("providers per blob", providersPerBlob, in: 1...100)
            try SimulationError.check("cluster bits", clusterBits, in: 0...64)
            try SimulationError.check("cluster size", clusterSize, in: 1...1_000)
            try SimulationError.check("malicious address groups", maliciousGroups, in: 1...100_000)
        }
    }

    private let options: Options
    private let world: DiscoveryWorld

    /// - Throws: `SimulationError` if an option is outside its range.
    package init(_ options: Options) throws(SimulationError) {
        try options.validate()
        self.options = options
        world = try DiscoveryWorld(options)
    }

    /// Runs to the end; `progress` hears the share that is done, about a hundred times.
    package mutating func run(progress: (Double) -> Void) -> DiscoveryReport {
        for step in 1...100 {
            world.run(until: .seconds(options.durationSeconds * Double(step) / 100))
            progress(Double(step) / 100)
        }
        return DiscoveryReport(options: options, world: world)
    }
}
