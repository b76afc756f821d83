import Identity

/// Of which keys' refusals the log has heard: a node that left the ledger and still runs asks again every few seconds.
struct ToldRefusals {
    /// Keys that are remembered; with one more all are forgotten.
    static let maxCount = 1_024

    private var nodes: Set<NodeID> = []

    /// Whether the refusal of a key is worth a line in the log, as it is once.
    mutating func isNews(_ node: NodeID) -> Bool {
        if nodes.count >= ToldRefusals.maxCount, !nodes.contains(node) { nodes.removeAll() }
        return nodes.insert(node).inserted
    }

    /// The node was let in: when it is refused again, that is news.
    mutating func forget(_ node: NodeID) { nodes.remove(node) }
}
