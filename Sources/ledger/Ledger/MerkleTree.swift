import Blake3
import CLinux

/// The hashed rows of a table: a trie of 4 children a node whose leaves are short sorted runs of rows.
///
/// That shape is for speed and does not show in the root: each hash is that of the binary trie which ``MerkleTable``
/// describes. A copy holds the same ``MerkleVersion``; a change makes another one.
struct MerkleTree<Row: MerkleRow>: Sendable {
    /// Nil without rows.
    private var version: MerkleVersion<Row>?

    /// The root of the binary trie.
    var root: Digest { version?.root ?? MerkleHashPlan.empty }

    subscript(path: Digest) -> Row? {
        guard let version else { return nil }
        return withExtendedLifetime(version) {
            var link = version.top
            var depth = 0
            while let node = link.node {
                link = node.links[path.bitPair(at: depth)]
                depth += MerkleNode.bitsPerNode
            }
            let run = link.leaves(of: Row.self)
            for index in run.indices where run[index].path == path { return run[index].row }
            return nil
        }
    }

    /// Has the processor fetch what leads to these paths, level by level for all of them: whoever looks them up one by one
    /// afterwards, or changes them, does not wait for memory each time.
    func prefetch(_ paths: [Digest]) {
        guard let version else { return }
        defer { withExtendedLifetime(version) {} }
        var links = [MerkleLink](repeating: version.top, count: paths.count)
        var depth = 0
        var isDone = false
        while !isDone {
            isDone = true
            for index in links.indices {
                guard let node = links[index].node else { continue }
                let next = node.links[paths[index].bitPair(at: depth)]
                let byteCount = MemoryLayout<MerkleLeaf<Row>>.stride * Int(next.count)
                skerry_prefetch(next.memory, next.node == nil ? byteCount : MerkleNode.byteCount)
                links[index] = next
                isDone = false
            }
            depth += MerkleNode.bitsPerNode
        }
    }

    func forEach<Failure: Error>(_ body: (Row) throws(Failure) -> Void) throws(Failure) {
        guard let version else { return }
        defer { withExtendedLifetime(version) {} }
        try version.top.forEachLeaf(of: Row.self) { leaf throws(Failure) in try body(leaf.pointee.row) }
    }

    /// Puts and takes away rows; `changes` are in ascending order of their paths, each once.
    mutating func merge(_ changes: [MerkleChange<Row>]) {
        var inputs = HashInputs()
        for change in changes {
            guard let row = change.row else { continue }
            inputs.append { encoder in
                encoder.append(Row.table)
                encoder.append(change.path)
                row.encode(into: &encoder)
            }
        }
        var hashes = inputs.hashed(with: .rowLeaf).makeIterator()
        var changes = changes
        for index in changes.indices where changes[index].row != nil {
            if let hash = hashes.next() { changes[index].hash = hash }
        }
        version = MerkleVersion.merge(version, changes)
    }
}

extension MerkleTree {
    /// As ``MerkleTable/walk(after:_:)``.
    func walk(after path: Digest?, _ body: (Digest, Row) -> Bool) -> Bool {
        guard let version else { return true }
        return withExtendedLifetime(version) { Self.walk(version.top, path, 0, body) }
    }

    private static func walk(
        _ link: MerkleLink, _ path: Digest?, _ depth: Int, _ body: (Digest, Row) -> Bool
    ) -> Bool {
        guard let node = link.node else {
            return link.leaves(of: Row.self).allSatisfy { leaf in
                if let path, leaf.path <= path { return true }
                return body(leaf.path, leaf.row)
            }
        }
        let first = path?.bitPair(at: depth) ?? 0
        return (first..<MerkleNode.childCount).allSatisfy { index in
            walk(node.links[index], index == first ? path : nil, depth + MerkleNode.bitsPerNode, body)
        }
    }

    /// What leads from the root to `path`: the hashes beside the way down, and what is at its end.
    func opening(of path: Digest) -> MerkleOpening {
        guard let version else { return MerkleOpening(siblings: [], leaf: nil) }
        defer { withExtendedLifetime(version) {} }
        var plan = MerkleHashPlan()
        var siblings: [MerkleHashPlan.Place] = []
        var link = version.top
        var depth = 0
        while let node = link.node {
            link = Self.descend(node, path, depth, &siblings, &plan)
            depth += MerkleNode.bitsPerNode
        }
        let leaf = Self.descend(link.leaves(of: Row.self), path, depth, &siblings, &plan)
        plan.run()
        return MerkleOpening(
            siblings: withExtendedLifetime(plan) { siblings.map(\.pointee) },
            leaf: leaf.map { leaf in
                var encoder = RowEncoder()
                leaf.row.encode(into: &encoder)
                return MerkleOpening.Leaf(path: leaf.path, row: encoder.bytes)
            })
    }

    /// Follows `path` through a node, which has two rows or more, to the child that has its place, or to a lone leaf
    /// above it.
    private static func descend(
        _ node: MerkleNode, _ path: Digest, _ depth: Int, _ siblings: inout [MerkleHashPlan.Place],
        _ plan: inout MerkleHashPlan
    ) -> MerkleLink {
        let pair = path.bitPair(at: depth)
        let half = pair & 2
        siblings.append(plan.addHalf(node, half ^ 2, at: depth + 1))
        let (left, right) = (node.links[half], node.links[half + 1])
        if left.count + right.count < 2 { return left.count == 0 ? right : left }
        siblings.append(node.hashes + (pair ^ 1))
        return pair & 1 == 0 ? left : right
    }

    /// Follows `path` through a run to the one leaf, or none, that has its place.
    private static func descend(
        _ leaves: UnsafeMutableBufferPointer<MerkleLeaf<Row>>, _ path: Digest, _ depth: Int,
        _ siblings: inout [MerkleHashPlan.Place], _ plan: inout MerkleHashPlan
    ) -> MerkleLeaf<Row>? {
        var run = leaves
        var depth = depth
        while run.count > 1 {
            let middle = run.firstIndex { $0.path.bit(at: depth) } ?? run.endIndex
            let left = UnsafeMutableBufferPointer(rebasing: run[..<middle])
            let right = UnsafeMutableBufferPointer(rebasing: run[middle...])
            let isRight = path.bit(at: depth)
            depth += 1
            siblings.append(plan.addRun(isRight ? left : right, at: depth))
            run = isRight ? right : left
        }
        return run.first
    }
}
