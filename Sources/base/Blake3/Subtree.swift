/// A subtree of a tree of equal leaves: groups or blocks. `count` is at least 1; `first` is a multiple of the power of
/// two that is not below `count`, as BLAKE3's left subtrees are complete.
struct Subtree: Sendable, Equatable {
    /// Bytes of a parent: the values of its left and its right child.
    static let parentByteCount = 64

    var first: Int
    var count: Int

    /// Its leaves.
    var range: Range<Int> { first..<first + count }

    /// Its children; for two leaves or more.
    var children: (left: Subtree, right: Subtree) {
        let left = 1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount)
        return (Subtree(first: first, count: left), Subtree(first: first + left, count: count - left))
    }

    /// Levels above the leaves: 0 for a leaf.
    var height: Int { Int.bitWidth - (count - 1).leadingZeroBitCount }

    /// The same subtree over leaves that are `1 << shift` times as large.
    func coarser(by shift: Int) -> Subtree {
        Subtree(first: first >> shift, count: (count - 1) >> shift + 1)
    }

    /// Parents that have a leaf of `wanted` below them.
    func parentCount(within wanted: Range<Int>) -> Int {
        guard count > 1, range.overlaps(wanted) else { return 0 }
        if wanted.lowerBound <= first && wanted.upperBound >= first + count { return count - 1 }
        let (left, right) = children
        return 1 + left.parentCount(within: wanted) + right.parentCount(within: wanted)
    }
}
