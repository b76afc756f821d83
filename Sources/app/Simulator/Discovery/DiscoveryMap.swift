import Blake3
import Discovery
import Identity

/// Who is where: ids, keys, address groups, what each node knows of the others, and the truth about all.
final class DiscoveryMap {
    private struct Change {
        var isRunning = true
        var at = Duration.seconds(-1_000_000)
    }

    /// Nodes of an honest operator, and of an honest address group.
    private static let operatorSize = 3
    private static let groupSize = 10

    let ids: [NodeID]
    let numbers: [NodeID: Int]
    let operators: [AccountID]
    let malice: [DiscoveryWorld.Malice?]
    /// The malicious nodes in order of their numbers.
    let colluders: [NodeID]
    /// The blobs' keys; malicious nodes gather around the first ones.
    let keys: [BlobID]
    let targetCount: Int
    /// Who has each blob, and which blobs each node claims to have.
    private(set) var holders: [[Int]]
    private(set) var provided: [[Int]]

    /// The malicious nodes alone, whom they name to others.
    let colluderSpace: Keyspace
    /// All nodes.
    let space: Keyspace
    private let knownShare: Double
    private let knowledge: UInt64
    private var changes: [Change]
    private let delays: [Duration]

    init(_ options: DiscoverySimulation.Options, isMalicious: (Int) -> Bool) {
        let seed = options.network.seed
        let count = options.network.nodes
        var random = SimulationRandom(seed: seed, purpose: "discovery map")
        let blobs = max(1, Int(Double(count) * options.blobsPerNode))
        let keys = (0..<blobs).map { BlobID(NodeID(simulated: $0, seed: seed, life: -1).digest) }
        let colluders = (0..<count).filter(isMalicious)
        var malice: [DiscoveryWorld.Malice?] = Array(repeating: nil, count: count)
        for (index, node) in colluders.enumerated() {
            malice[node] = [.silent, .lying, .clustered][index % 3]
        }
        var ids = (0..<count).map { NodeID(simulated: $0, seed: seed) }
        let clustered = colluders.filter { malice[$0] == .clustered }
        for (index, node) in clustered.enumerated() {
            ids[node] = DiscoveryMap.ground(
                ids[node], towards: keys[min(index / options.clusterSize, blobs - 1)], bits: options.clusterBits)
        }
        targetCount = min(blobs, (clustered.count + options.clusterSize - 1) / options.clusterSize)

        let honest = (0..<count).filter { malice[$0] == nil }
        var holders: [[Int]] = []
        var provided: [[Int]] = Array(repeating: [], count: count)
        for blob in 0..<blobs {
            var chosen: [Int] = []
            while chosen.count < min(options.providersPerBlob, honest.count) {
                let node = honest[random.index(below: honest.count)]
                if !chosen.contains(node) { chosen.append(node) }
            }
            holders.append(chosen)
            for node in chosen { provided[node].append(blob) }
        }
        for (index, node) in clustered.enumerated() {
            provided[node].append(min(index / options.clusterSize, blobs - 1))
        }

        let operators = (0..<count).map { node in
            // An account costs little: each malicious node has its own, while addresses cost more.
            AccountID(
                NodeID(simulated: malice[node] == nil ? node / DiscoveryMap.operatorSize : node, seed: seed, life: -2)
                    .digest)
        }
        let members = (0..<count).map { node in
            let group =
                malice[node] == nil
                ? "h\(random.index(below: max(1, count / DiscoveryMap.groupSize)))"
                : "m\(random.index(below: options.maliciousGroups))"
            return Keyspace.Member(id: ids[node], operatorID: operators[node], addressGroup: group)
        }
        self.keys = keys
        self.ids = ids
        self.operators = operators
        self.malice = malice
        self.colluders = colluders.map { ids[$0] }
        self.holders = holders
        self.provided = provided
        colluderSpace = Keyspace(colluders.map { members[$0] })
        numbers = Dictionary(ids.enumerated().map { ($1, $0) }) { first, _ in first }
        changes = Array(repeating: Change(), count: count)
        delays = (0..<count).map { _ in .seconds(options.stalenessSeconds * (0.5 + random.unit())) }
        space = Keyspace(members)
        knownShare = options.knownShare
        knowledge = random.next()
    }

    // MARK: Time

    func note(_ node: Int, isRunning: Bool, at now: Duration) { changes[node] = Change(isRunning: isRunning, at: now) }

    /// The node came back without its disk.
    func lose(_ node: Int) {
        guard malice[node] == nil else { return }
        for blob in provided[node] { holders[blob].removeAll { $0 == node } }
        provided[node] = []
    }

    /// Whether `observer` believes that the node runs: it hears of each change a little later.
    func isUsable(_ node: Int, seenBy observer: Int, now: Duration) -> Bool {
        let change = changes[node]
        return (now - change.at < delays[observer]) != change.isRunning
    }

    /// Whether `observer` takes the node for a possible replica. One that it does not know may be named to it.
    func isKnown(_ node: Int, to observer: Int) -> Bool {
        knownShare >= 1 || SimulationRandom.unit(of: knowledge, observer, node) < knownShare
    }

    /// Whether the node runs and has the blob.
    func isProvider(_ node: Int, of blob: Int) -> Bool { changes[node].isRunning && holders[blob].contains(node) }

    /// Whether somebody has had the blob for long enough to have said so.
    func isAvailable(_ blob: Int, now: Duration) -> Bool {
        holders[blob].contains { changes[$0].isRunning && now - changes[$0].at > .seconds(60) }
    }

    // MARK: Making

    /// `id` with its first `bits` taken from `key`: what trying 2^`bits` keys before registering one gives.
    private static func ground(_ id: NodeID, towards key: BlobID, bits: Int) -> NodeID {
        guard bits > 0 else { return id }
        let target = key.digest.bytes
        let bytes = id.digest.bytes.enumerated().map { index, byte -> UInt8 in
            let shared = min(8, max(0, bits - 8 * index))
            let mask = UInt8(truncatingIfNeeded: 0xff00 >> shared)
            return target[index] & mask | byte & ~mask
        }
        return Digest(bytes).map(NodeID.init) ?? id
    }
}
