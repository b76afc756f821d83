import Blake3

extension MerkleStore {
    /// The tree `old` with rows put and taken away, which its caller holds; `old` stays as it is.
    ///
    /// - Parameter changes: In ascending order of their paths, each once.
    mutating func merge(_ old: MerkleLink, _ changes: [Change]) -> (link: MerkleLink, hash: Digest) {
        let place = Place(0, in: top)
        changes.withUnsafeBufferPointer { merge(old, $0, 0, into: place) }
        plan.run()
        plan.removeAll()
        return (place.link.pointee, place.hash.pointee)
    }

    /// Writes what `old` and `changes`, all of which belong below it, give to `place`, and plans its hash.
    private mutating func merge(
        _ old: MerkleLink, _ changes: UnsafeBufferPointer<Change>, _ depth: Int, into place: Place
    ) {
        guard let from = old.node, Int(old.count) > Self.runLimit / 2 + changes.count else {
            if changes.count == 1, replace(old, changes[0], depth, into: place) { return }
            return rebuild(old, changes, depth, into: place)
        }
        let block = makeNode()
        let node = MerkleNode(memory: block.memory)
        var start = 0
        for pair in 0..<MerkleNode.childCount {
            var end = start
            while end < changes.count, changes[end].path.bitPair(at: depth) == pair { end += 1 }
            if start == end {
                (node.links + pair).initialize(to: from.links[pair])
                (node.hashes + pair).initialize(to: from.hashes[pair])
                retain(from.links[pair])
            } else {
                let part = UnsafeBufferPointer(rebasing: changes[start..<end])
                merge(from.links[pair], part, depth + MerkleNode.bitsPerNode, into: Place(pair, in: node))
            }
            start = end
        }
        finish(block, depth, into: place)
    }

    /// Puts a row in the place of the one that has its path in a run; false if there is none.
    private mutating func replace(_ old: MerkleLink, _ change: Change, _ depth: Int, into place: Place) -> Bool {
        let run = old.leaves(of: Row.self)
        guard let leaf = change.leaf, let index = run.indices.first(where: { run[$0].path == leaf.path }) else {
            return false
        }
        write(UnsafeBufferPointer(run), depth, into: place) { $0[index] = leaf }
        return true
    }

    /// Takes the rows of a small subtree, and builds it anew with the changes. A node that has few rows left becomes a run
    /// again, so that what was large costs no more than what never was.
    private mutating func rebuild(
        _ old: MerkleLink, _ changes: UnsafeBufferPointer<Change>, _ depth: Int, into place: Place
    ) {
        var leaves: [Leaf] = []
        swap(&leaves, &spare)
        leaves.reserveCapacity(Int(old.count) + changes.count)
        var next = 0
        old.forEachLeaf(of: Row.self) { leaf in
            while next < changes.count, changes[next].path < leaf.pointee.path {
                if let leaf = changes[next].leaf { leaves.append(leaf) }
                next += 1
            }
            if next < changes.count, changes[next].path == leaf.pointee.path {
                if let leaf = changes[next].leaf { leaves.append(leaf) }
                next += 1
            } else {
                leaves.append(leaf.pointee)
            }
        }
        for change in changes[next...] { if let leaf = change.leaf { leaves.append(leaf) } }
        leaves.withUnsafeBufferPointer { build($0, depth, into: place) }
        leaves.removeAll(keepingCapacity: leaves.count <= 4 * Self.runLimit)
        swap(&leaves, &spare)
    }

    /// Writes the subtree of `leaves`, which are in ascending order of their paths, to `place`.
    private mutating func build(_ leaves: UnsafeBufferPointer<Leaf>, _ depth: Int, into place: Place) {
        guard leaves.count > Self.runLimit else { return write(leaves, depth, into: place) }
        let block = makeNode()
        let node = MerkleNode(memory: block.memory)
        var start = 0
        for pair in 0..<MerkleNode.childCount {
            var end = start
            while end < leaves.count, leaves[end].path.bitPair(at: depth) == pair { end += 1 }
            let part = UnsafeBufferPointer(rebasing: leaves[start..<end])
            build(part, depth + MerkleNode.bitsPerNode, into: Place(pair, in: node))
            start = end
        }
        finish(block, depth, into: place)
    }

    /// Writes a run with copies of `leaves` to `place`; `edit` changes them.
    private mutating func write(
        _ leaves: UnsafeBufferPointer<Leaf>, _ depth: Int, into place: Place,
        _ edit: (UnsafeMutableBufferPointer<Leaf>) -> Void = { _ in }
    ) {
        guard !leaves.isEmpty else {
            place.link.initialize(to: .none)
            return place.hash.initialize(to: MerkleHashPlan.empty)
        }
        let block = makeRun(count: leaves.count)
        let run = UnsafeMutableBufferPointer(
            start: block.memory.bindMemory(to: Leaf.self, capacity: leaves.count), count: leaves.count)
        _ = run.initialize(fromContentsOf: leaves)
        edit(run)
        place.link.initialize(to: MerkleLink(block, isNode: false, count: UInt32(run.count)))
        let result = plan.addRun(run, at: depth, result: place.hash)
        if run.count == 1 { place.hash.initialize(to: result.pointee) }
    }

    /// Writes a node whose children are complete to `place`.
    private mutating func finish(_ block: MerkleBlock, _ depth: Int, into place: Place) {
        let node = MerkleNode(memory: block.memory)
        let links = node.links
        let count = links[0].count + links[1].count + links[2].count + links[3].count
        place.link.initialize(to: MerkleLink(block, isNode: true, count: count))
        _ = plan.addNode(node, at: depth, result: place.hash)
    }
}
