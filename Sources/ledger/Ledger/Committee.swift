public import Blake3
public import Foundation
public import Identity
import SwiftProtobuf
import Wire

/// The nodes that sign checkpoints, with their weights. More than two thirds of the weight make a certificate.
public struct Committee: Hashable, Sendable {
    /// The most members that an encoding may have.
    public static let maxCount = 1_000

    /// One of them.
    public struct Member: Hashable, Sendable {
        public let publicKey: PublicKey
        /// At least 1.
        public let weight: UInt64

        public init(publicKey: PublicKey, weight: UInt64) {
            self.publicKey = publicKey
            self.weight = weight
        }

        public var node: NodeID { publicKey.node }
    }

    /// In ascending order of their node ids.
    public let members: [Member]
    /// The members' ids, in the same order.
    public let nodes: [NodeID]
    /// The one encoding.
    public let bytes: Data
    /// What checkpoints name the committee by.
    public let hash: Digest

    let totalWeight: UInt128

    /// Sorts the members; of several with one key, one stays.
    public init(_ members: [Member]) {
        let sorted = members.map { (id: $0.node, member: $0) }.sorted { $0.id < $1.id }
        let unique = sorted.indices.filter { $0 == 0 || sorted[$0].id != sorted[$0 - 1].id }.map { sorted[$0] }
        self.init(sorted: unique.map(\.member), nodes: unique.map(\.id))
    }

    private init(sorted members: [Member], nodes: [NodeID]) {
        self.members = members
        self.nodes = nodes
        totalWeight = members.reduce(UInt128(0)) { $0 + UInt128($1.weight) }
        let message = LedgerPBCommittee.with {
            $0.members = members.map { member in
                .with {
                    $0.publicKey = member.publicKey.bytes
                    $0.weight = member.weight
                }
            }
        }
        bytes = message.canonicalBytes
        hash = LedgerHash.committee(bytes)
    }

    /// Reads ``bytes``.
    ///
    /// - Throws: `.malformed` or `.tooLarge`; the first also for no member, members out of order and weights of 0. Any
    ///   bytes are allowed.
    public init(decoding bytes: Data) throws(LedgerError) {
        let message = try LedgerPBCommittee.decodeCanonical(bytes, limit: 64 * Committee.maxCount, what: "committee")
        guard (1...Committee.maxCount).contains(message.members.count) else {
            throw LedgerError(
                .malformed, "A committee has 1 to \(Committee.maxCount) members, not \(message.members.count)")
        }
        var members: [Member] = []
        for member in message.members {
            members.append(
                Member(publicKey: try PublicKey.decode(member.publicKey, what: "member's key"), weight: member.weight))
        }
        let nodes = members.map(\.node)
        guard zip(nodes, nodes.dropFirst()).allSatisfy(<), members.allSatisfy({ $0.weight > 0 }) else {
            throw LedgerError(.malformed, "The committee's members are out of order, or one has no weight")
        }
        self.init(sorted: members, nodes: nodes)
    }

    /// Where `node` is among the members; nil if it is none.
    public func index(of node: NodeID) -> Int? { nodes.sortedIndex(of: node) }

    /// Whether `weight` is more than two thirds of all.
    func isMajority(_ weight: UInt128) -> Bool { weight * 3 > totalWeight * 2 }

    public static func == (left: Committee, right: Committee) -> Bool { left.hash == right.hash }

    public func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

extension [NodeID] {
    /// Where `id` is in an array in ascending order.
    func sortedIndex(of id: NodeID) -> Int? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low < count && self[low] == id ? low : nil
    }
}
