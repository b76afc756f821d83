package import Identity

/// Who takes part, in the order of the ids. Immutable, so that many cores may share one.
package final class MemberRoster: Sendable {
    /// Ascending, each once.
    package let ids: [NodeID]
    private let indices: [NodeID: Int]

    /// - Parameter nodes: In any order.
    package init(_ nodes: [NodeID]) {
        ids = Set(nodes).sorted()
        indices = Dictionary(uniqueKeysWithValues: zip(ids, ids.indices))
    }

    package var count: Int { ids.count }

    /// The position of `node` in ``ids``; nil if it does not take part.
    package func index(of node: NodeID) -> Int? { indices[node] }

    /// The position of the first id that is not below `node`; ``count`` if there is none.
    func firstIndex(from node: NodeID) -> Int {
        var low = 0
        var high = ids.count
        while low < high {
            let middle = low + (high - low) / 2
            if ids[middle] < node { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
