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

    private static func score(_ node: NodeID, _ key: String) -> Digest {
        let input: [UInt8] = node.digest.bytes + Array(key.utf8)
        return Blake3.hash(input)
    }
}
