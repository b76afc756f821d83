import Blake3
import Foundation
public import Identity

/// Which nodes a machine should run on: those with room, spread over nodes and neighbourhoods, and of these the ones with
/// a good reputation more often. Pure: every node that knows the same thinks the same, and leases settle what they do not.
public struct MachinePlacement: Sendable {
    /// A node that may get machines.
    public struct Candidate: Sendable, Hashable {
        public var node: NodeID
        /// What it offers to machines, in thousandths of a core.
        public var cpuMillis: Int
        /// What it offers to machines, in bytes.
        public var memoryBytes: Int
        /// In millionths; 0 counts as little, not as nothing.
        public var reputation: UInt32
        /// What is likely to fail together with it, such as a rack's address block; empty for unknown.
        public var group: String

        public init(node: NodeID, cpuMillis: Int, memoryBytes: Int, reputation: UInt32, group: String = "") {
            self.node = node
            self.cpuMillis = cpuMillis
            self.memoryBytes = memoryBytes
            self.reputation = reputation
            self.group = group
        }
    }

    /// What a machine takes away from its node.
    public struct Demand: Sendable, Hashable {
        /// In thousandths of a core.
        public var cpuMillis: Int
        public var memoryBytes: Int

        public init(cpuMillis: Int, memoryBytes: Int) {
            self.cpuMillis = cpuMillis
            self.memoryBytes = memoryBytes
        }
    }

    /// A machine that is on a node, or will be.
    public struct Placed: Sendable, Hashable {
        public var app: String
        public var node: NodeID
        public var demand: Demand

        public init(app: String, node: NodeID, demand: Demand) {
            self.app = app
            self.node = node
            self.demand = demand
        }
    }

    private struct Room {
        var cpuMillis: Int
        var memoryBytes: Int
    }

    private let candidates: [Candidate]
    private var rooms: [NodeID: Room]
    /// By app and node, and by app and neighbourhood: how many are there.
    private var onNode: [String: [NodeID: Int]] = [:]
    private var inGroup: [String: [String: Int]] = [:]
    private let groups: [NodeID: String]

    /// - Parameters:
    ///   - candidates: Each node once; the order means nothing.
    ///   - placed: What their room is taken by, the app's own machines too.
    public init(_ candidates: [Candidate], placed: [Placed]) {
        self.candidates = candidates
        rooms = Dictionary(candidates.map { ($0.node, Room(cpuMillis: $0.cpuMillis, memoryBytes: $0.memoryBytes)) }) {
            first, _ in first
        }
        groups = Dictionary(candidates.map { ($0.node, $0.group) }) { first, _ in first }
        for machine in placed { add(machine) }
    }

    /// Takes the room of a machine away from its node.
    public mutating func add(_ machine: Placed) {
        rooms[machine.node]?.cpuMillis -= machine.demand.cpuMillis
        rooms[machine.node]?.memoryBytes -= machine.demand.memoryBytes
        onNode[machine.app, default: [:]][machine.node, default: 0] += 1
        if let group = groups[machine.node], !group.isEmpty {
            inGroup[machine.app, default: [:]][group, default: 0] += 1
        }
    }

    /// The nodes that have room for a slot of an app, the best first: those with the fewest machines of the app, then those
    /// in neighbourhoods with the fewest, then by weighted rendezvous hashing (Schindelhauer and Schomaker, 2005) with the
    /// reputation and the logarithm of the memory on offer as the weight.
    ///
    /// - Parameter bounds: Only these nodes, such as those that hold the app's secrets; nil for all.
    public func order(app: String, slot: UInt32, demand: Demand, within bounds: Set<NodeID>? = nil) -> [NodeID] {
        let key = "\(app)/\(slot)"
        let ranked = candidates.compactMap { candidate -> (Int, Int, Double, NodeID)? in
            guard bounds?.contains(candidate.node) ?? true, let room = rooms[candidate.node],
                room.cpuMillis >= demand.cpuMillis, room.memoryBytes >= demand.memoryBytes
            else { return nil }
            return (
                onNode[app]?[candidate.node] ?? 0,
                candidate.group.isEmpty ? 0 : inGroup[app]?[candidate.group] ?? 0,
                MachinePlacement.score(candidate, key), candidate.node
            )
        }
        return ranked.sorted { left, right in
            if left.0 != right.0 { return left.0 < right.0 }
            if left.1 != right.1 { return left.1 < right.1 }
            return left.2 == right.2 ? left.3 < right.3 : left.2 > right.2
        }.map(\.3)
    }

    /// −weight ∕ ln(h), h uniform in (0, 1): the greatest of all nodes' scores is this node's with a probability that is
    /// its share of all weights.
    private static func score(_ candidate: Candidate, _ key: String) -> Double {
        let input: [UInt8] = candidate.node.digest.bytes + Array("machine \(key)".utf8)
        let number = Blake3.hash(input).withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        let uniform = (Double(number >> 11) + 0.5) / Double(1 << 53)
        // Capacity by its logarithm: a node of twice the size is somewhat more likely, not the only one.
        let size = log2(2 + Double(max(0, candidate.memoryBytes)) / Double(64 << 20))
        let weight = (Double(candidate.reputation) + 10_000) / 1e6 * size
        return -weight / log(uniform)
    }
}
