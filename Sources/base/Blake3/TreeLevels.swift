/// All values of a tree, level by level: entry `i` of level `k` is the subtree over the leaves from `i << k` on. An odd
/// last value is carried up as it is.
struct TreeLevels: Sendable, Equatable {
    private var levels: [[Digest]]

    /// The tree above at least one leaf value.
    init(leaves: [Digest]) {
        levels = [leaves]
        while let below = levels.last, below.count > 1 {
            var values = [Digest](repeating: .zero, count: below.count / 2)
            below.withUnsafeBytes { Tree.hash.parents($0, into: &values) }
            if below.count % 2 == 1, let odd = below.last { values.append(odd) }
            levels.append(values)
        }
    }

    var leaves: [Digest] { levels[0] }

    /// Values of the subtrees that are `1 << height` leaves wide (the last may be narrower).
    func values(atHeight height: Int) -> [Digest] { levels[min(height, levels.count - 1)] }

    /// The chaining value of a subtree.
    func value(_ subtree: Subtree) -> Digest { levels[subtree.height][subtree.first >> subtree.height] }

    /// The top as the root; a single leaf's value is the root already.
    var root: Digest {
        guard levels.count > 1 else { return levels[0][0] }
        var top = levels[levels.count - 2]
        return Tree.hash.join(&top).root
    }
}
