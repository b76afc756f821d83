import Identity

/// One of the disjoint paths of a lookup: the nodes that it was told of, nearest to the key first.
struct LookupPath: Sendable {
    private enum Standing { case waiting, asked, failed }

    private struct Entry {
        let distance: Position
        let node: NodeID
        let kin: Keyspace.Kin?
        let depth: Int
        var standing = Standing.waiting
    }

    /// Entries that a path remembers; those farther away would hardly be asked.
    private static let maxEntries = 512

    private let key: Position
    /// How many of its nearest living nodes the path asks before it ends.
    private let width: Int
    private var entries: [Entry] = []
    /// Requests of this path that are waited for.
    var active = 0

    init(key: Position, width: Int) {
        self.key = key
        self.width = width
    }

    mutating func add(_ node: NodeID, kin: Keyspace.Kin?, depth: Int) {
        let distance = Position(node.digest).distance(to: key)
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].distance < distance { low = middle + 1 } else { high = middle }
        }
        if low < entries.count, entries[low].node == node { return }
        guard low < LookupPath.maxEntries else { return }
        entries.insert(Entry(distance: distance, node: node, kin: kin, depth: depth), at: low)
        if entries.count > LookupPath.maxEntries { entries.removeLast() }
    }

    /// The next node to ask, now marked as asked, and how many nodes led to it; nil if the path's nearest ones have
    /// been.
    ///
    /// As with replicas, a node whose operator or address group has been asked before comes only when there is no
    /// other: whoever gathers ids around a key does not thereby fill the paths.
    ///
    /// - Parameter isTaken: Whether another path has asked the node: paths share none.
    mutating func next(
        isTaken: (NodeID) -> Bool, isKnown: (Keyspace.Kin) -> Bool
    ) -> (node: NodeID, depth: Int)? {
        var rank = 0
        var spare: Int?
        for index in entries.indices {
            switch entries[index].standing {
            case .failed: continue
            case .asked: rank += 1
            case .waiting:
                if isTaken(entries[index].node) {
                    entries[index].standing = .failed
                } else if let kin = entries[index].kin, isKnown(kin) {
                    spare = spare ?? index
                } else {
                    return take(index)
                }
            }
            if rank >= width { return nil }
        }
        return spare.map { take($0) }
    }

    private mutating func take(_ index: Int) -> (node: NodeID, depth: Int) {
        entries[index].standing = .asked
        return (entries[index].node, entries[index].depth)
    }

    /// The node gave no answer: the next nearest is asked in its place.
    mutating func onFailure(of node: NodeID) {
        guard let index = entries.firstIndex(where: { $0.node == node }) else { return }
        entries[index].standing = .failed
    }
}
