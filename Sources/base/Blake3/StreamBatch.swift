/// A node whose value is known and whose content comes next in a stream.
struct StreamNode: Sendable {
    var tree: Subtree
    var value: Digest
    /// Whether `value` is the root's digest.
    var isRoot = false
}

/// Parents and whole groups of a stream that are checked together, so that they fill the kernels' lanes.
///
/// The groups' pointers are valid only during the decoder's call that adds them; it always empties the batch.
struct StreamBatch: Sendable {
    private var pairs: [UInt8] = []
    private var parents: [(node: StreamNode, leavesBefore: Int)] = []
    private var leafValues: [Digest] = []
    private var scratch: [Digest] = []
    private var leaves: [Leaf] = []
    private(set) var firstGroup = 0

    /// Only compared and hashed by the call that put it here.
    private struct Leaf: @unchecked Sendable {
        let start: UnsafePointer<UInt8>?
    }

    var isEmpty: Bool { parents.isEmpty && leaves.isEmpty }

    /// Whether the groups reach the end of a block: the next ones then begin with a pair again.
    var isFull: Bool { !leaves.isEmpty && (firstGroup + leaves.count) % GroupTree.groupsPerBlock == 0 }

    var leafStarts: [UnsafePointer<UInt8>?] { leaves.map(\.start) }

    mutating func add(parent: StreamNode, _ item: UnsafeRawBufferPointer) {
        pairs.append(contentsOf: item)
        parents.append((parent, leaves.count))
    }

    mutating func add(leaf: StreamNode, _ item: UnsafeRawBufferPointer) {
        if leaves.isEmpty { firstGroup = leaf.tree.first }
        leaves.append(Leaf(start: item.asBytes))
        leafValues.append(leaf.value)
    }

    mutating func removeAll() {
        pairs.removeAll(keepingCapacity: true)
        parents.removeAll(keepingCapacity: true)
        leafValues.removeAll(keepingCapacity: true)
        leaves.removeAll(keepingCapacity: true)
    }

    /// How many groups, from the first on, are right and below right parents only; and the group at which the first
    /// wrong item begins, if there is one.
    mutating func verify() -> (good: Int, firstBad: Int?) {
        grow(to: max(parents.count, leaves.count))
        pairs.withUnsafeBytes { Tree.hash.parents($0, into: &scratch) }
        var good = leaves.count
        var firstBad: Int?
        for (index, parent) in parents.enumerated() where scratch[index] != parent.node.value {
            good = parent.leavesBefore
            firstBad = parent.node.tree.first
            break
        }
        Tree.hash.groups(leafStarts, firstGroup: firstGroup, into: &scratch)
        for index in 0..<good where scratch[index] != leafValues[index] {
            return (index, firstGroup + index)
        }
        return (good, firstBad)
    }

    private mutating func grow(to count: Int) {
        while scratch.count < count { scratch.append(.zero) }
    }
}
