import Blake3
public import Identity

/// Rendezvous hashing (Thaler and Ravishankar, 1998): every node ranks every node for a key alike, without talking.
public enum Rendezvous {
    /// The nodes in order of preference for `key`. Adding or removing a node moves only the keys that it gains or loses.
    public static func order(_ nodes: some Sequence<NodeID>, for key: String) -> [NodeID] {
        let scored: [(score: Digest, node: NodeID)] = nodes.map { (score($0, key), $0) }
        return scored.sorted { left, right in
            left.score == right.score ? left.node < right.node : left.score < right.score
        }.map(\.node)
    }

    /// The first `count` nodes of the order: those that hold a copy of `key`.
    public static func replicas(_ nodes: some Sequence<NodeID>, for key: String, count: Int) -> [NodeID] {
        Array(order(nodes, for: key).prefix(max(0, count)))
    }

    /// Nodes that one key passes over at most, because they are not able: who would stand in for them must look at
    /// each.
    public static let maxPassedOver = 16

    /// The nodes that come into question for `count` copies of `key`, in order of preference: what ``replicas(among:count:isAble:)``
    /// chooses from.
    public static func candidates(_ nodes: some Sequence<NodeID>, for key: String, count: Int) -> [NodeID] {
        Array(order(nodes, for: key).prefix(max(0, min(count, Int.max - maxPassedOver)) + maxPassedOver))
    }

    /// The first `count` candidates that are able to hold a copy. Where too few are, the first of the others fill up: those
    /// are to hold one as soon as they can.
    ///
    /// - Parameters:
    ///   - candidates: In order of preference.
    ///   - isAble: Asked in that order, and of no more candidates than it takes.
    public static func replicas(among candidates: [NodeID], count: Int, isAble: (NodeID) -> Bool) -> [NodeID] {
        var chosen: [NodeID] = []
        var passedOver: [NodeID] = []
        for node in candidates where chosen.count < count {
            if isAble(node) { chosen.append(node) } else { passedOver.append(node) }
        }
        return chosen + passedOver.prefix(max(0, count - chosen.count))
    }

    private static func score(_ node: NodeID, _ key: String) -> Digest {
        let input: [UInt8] = node.digest.bytes + Array(key.utf8)
        return Blake3.hash(input)
    }
}
