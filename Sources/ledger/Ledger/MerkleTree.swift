import Blake3

/// The hashed rows of a table: a trie of 16 children a node whose leaves are short sorted runs of rows.
///
/// That shape is for speed and does not show in the root: each hash is that of the binary trie which ``MerkleTable``
/// describes. A node's four inner levels are hashed again when one of its children changes.
///
/// Value semantics come from the arrays: a change copies those on its way down that another value holds.
struct MerkleTree<Row: MerkleRow>: Sendable {
    /// A row's place among a run's, in ascending order of their paths.
    private struct Leaf: Sendable {
        var path: Digest
        var hash: Digest
        var row: Row
    }

    private enum Child: Sendable {
        case none
        case run([Leaf])
        case node([Slot])
    }

    /// A subtree: what it holds, and its hash in the binary trie.
    private struct Slot: Sendable {
        var child = Child.none
        /// Rows below.
        var count: Int = 0
        /// While a merge goes on: where its plan computes the hash; `hash` holds it already where there is none.
        var job = MerkleHashPlan.noJob
        var hash = MerkleHashPlan.empty

        var value: MerkleHashPlan.Value { MerkleHashPlan.Value(count: count, job: job, hash: hash) }
    }

    private struct Change {
        var path: Digest
        /// Nil takes the row away.
        var leaf: Leaf?
    }

    /// A longer run becomes a node. Copying a run of this length takes about as long as fetching one row from memory.
    private static var runLimit: Int { 16 }
    private static var childCount: Int { 4 }
    private static var bitsPerNode: Int { 2 }

    private var top = Slot()

    /// The root of the binary trie.
    var root: Digest { top.hash }

    subscript(path: Digest) -> Row? {
        var slots: [Slot]
        switch top.child {
        case .none: return nil
        case .run(let run): return Self.find(path, run)
        case .node(let first): slots = first
        }
        var depth = 0
        while true {
            switch slots[path.bitPair(at: depth)].child {
            case .none: return nil
            case .run(let run): return Self.find(path, run)
            case .node(let next): slots = next
            }
            depth += Self.bitsPerNode
        }
    }

    func forEach<Failure: Error>(_ body: (Row) throws(Failure) -> Void) throws(Failure) {
        try Self.forEach(top) { leaf throws(Failure) in try body(leaf.row) }
    }

    /// Puts and takes away rows; `changes` are in ascending order of their paths, each once.
    mutating func merge(_ changes: [(path: Digest, row: Row?)]) {
        let hashes = Self.leafHashes(changes)
        var next = 0
        let changes = changes.map { change in
            guard let row = change.row else { return Change(path: change.path, leaf: nil) }
            next += 1
            return Change(path: change.path, leaf: Leaf(path: change.path, hash: hashes[next - 1], row: row))
        }
        var plan = MerkleHashPlan()
        Self.merge(&top, changes[...], 0, &plan)
        plan.run()
        Self.settle(&top, 0, plan)
    }

    /// The hashes of the rows that are put, in their order.
    private static func leafHashes(_ changes: [(path: Digest, row: Row?)]) -> [Digest] {
        var inputs = MerkleLeafInputs()
        for case (let path, let row?) in changes {
            inputs.append { encoder in
                encoder.append(Row.table)
                encoder.append(path)
                row.encode(into: &encoder)
            }
        }
        return inputs.finish()
    }

    // MARK: Merging

    /// Brings `changes`, all of which belong below `slot`, into it and plans its hash.
    private static func merge(
        _ slot: inout Slot, _ changes: ArraySlice<Change>, _ depth: Int, _ plan: inout MerkleHashPlan
    ) {
        switch slot.child {
        case .none: setRun(&slot, changes.compactMap(\.leaf), depth, &plan)
        case .run(var run):
            slot.child = .none
            if changes.count == 1, let change = changes.first, let leaf = change.leaf,
                let index = run.firstIndex(where: { $0.path == change.path })
            {
                run[index] = leaf
            } else {
                run = merged(run, changes)
            }
            setRun(&slot, run, depth, &plan)
        case .node(var slots):
            slot.child = .none
            forEachPair(changes, depth) { pair, changes in
                merge(&slots[pair], changes, depth + bitsPerNode, &plan)
            }
            setNode(&slot, slots, depth, &plan)
        }
    }

    private static func merged(_ run: [Leaf], _ changes: ArraySlice<Change>) -> [Leaf] {
        var result: [Leaf] = []
        result.reserveCapacity(run.count + changes.count)
        var rest = run[...]
        for change in changes {
            while let leaf = rest.first, leaf.path < change.path {
                result.append(leaf)
                rest.removeFirst()
            }
            if rest.first?.path == change.path { rest.removeFirst() }
            if let leaf = change.leaf { result.append(leaf) }
        }
        result.append(contentsOf: rest)
        return result
    }

    private static func setRun(_ slot: inout Slot, _ run: [Leaf], _ depth: Int, _ plan: inout MerkleHashPlan) {
        if run.count > runLimit {
            var slots = [Slot](repeating: Slot(), count: childCount)
            let changes = run.map { Change(path: $0.path, leaf: $0) }
            forEachPair(changes[...], depth) { pair, changes in
                merge(&slots[pair], changes, depth + bitsPerNode, &plan)
            }
            setNode(&slot, slots, depth, &plan)
        } else {
            slot.child = run.isEmpty ? .none : .run(run)
            set(&slot, Self.plan(run[...], depth, &plan))
        }
    }

    /// A node with few rows becomes a run again, so that what was large costs no more than what never was.
    private static func setNode(_ slot: inout Slot, _ slots: [Slot], _ depth: Int, _ plan: inout MerkleHashPlan) {
        let count = slots.reduce(0) { $0 + $1.count }
        if count <= runLimit / 2 {
            var run: [Leaf] = []
            run.reserveCapacity(count)
            for slot in slots { forEach(slot) { run.append($0) } }
            setRun(&slot, run, depth, &plan)
        } else {
            slot.child = .node(slots)
            set(&slot, Self.plan(slots, slots.indices, depth, &plan))
        }
    }

    private static func set(_ slot: inout Slot, _ value: MerkleHashPlan.Value) {
        slot.count = value.count
        slot.job = value.job
        slot.hash = value.hash
    }

    /// Fetches what the plan computed.
    private static func settle(_ slot: inout Slot, _ depth: Int, _ plan: MerkleHashPlan) {
        guard slot.job != MerkleHashPlan.noJob else { return }
        if case .node(var slots) = slot.child {
            slot.child = .none
            for index in slots.indices { settle(&slots[index], depth + bitsPerNode, plan) }
            slot.child = .node(slots)
        }
        slot.hash = plan.result(slot.job, depth: depth)
        slot.job = MerkleHashPlan.noJob
    }

    // MARK: Hashing

    /// The binary trie at `depth` over a run of leaves. Recurses at most 256 times, one level a bit of the path.
    private static func plan(
        _ run: ArraySlice<Leaf>, _ depth: Int, _ plan: inout MerkleHashPlan
    ) -> MerkleHashPlan.Value {
        guard let first = run.first else { return .empty }
        guard run.count > 1 else { return MerkleHashPlan.Value(count: 1, hash: first.hash) }
        let middle = run.firstIndex { $0.path.bit(at: depth) } ?? run.endIndex
        let left = Self.plan(run[..<middle], depth + 1, &plan)
        return plan.join(left, Self.plan(run[middle...], depth + 1, &plan), depth: depth)
    }

    /// The binary trie at `depth` over some of a node's 16 children, a power of two of them.
    private static func plan(
        _ slots: [Slot], _ range: Range<Int>, _ depth: Int, _ plan: inout MerkleHashPlan
    ) -> MerkleHashPlan.Value {
        if range.count == 1 { return slots[range.lowerBound].value }
        let middle = range.lowerBound + range.count / 2
        let left = Self.plan(slots, range.lowerBound..<middle, depth + 1, &plan)
        return plan.join(left, Self.plan(slots, middle..<range.upperBound, depth + 1, &plan), depth: depth)
    }

    // MARK: Walking

    private static func find(_ path: Digest, _ run: [Leaf]) -> Row? {
        for index in run.indices where run[index].path == path { return run[index].row }
        return nil
    }

    private static func forEachPair(
        _ changes: ArraySlice<Change>, _ depth: Int, _ body: (Int, ArraySlice<Change>) -> Void
    ) {
        var start = changes.startIndex
        while start < changes.endIndex {
            let pair = changes[start].path.bitPair(at: depth)
            var end = start + 1
            while end < changes.endIndex, changes[end].path.bitPair(at: depth) == pair { end += 1 }
            body(pair, changes[start..<end])
            start = end
        }
    }

    private static func forEach<Failure: Error>(
        _ slot: Slot, _ body: (Leaf) throws(Failure) -> Void
    ) throws(Failure) {
        switch slot.child {
        case .none: break
        case .run(let run): for leaf in run { try body(leaf) }
        case .node(let slots): for slot in slots { try forEach(slot, body) }
        }
    }
}

extension MerkleTree {
    /// As ``MerkleTable/walk(after:_:)``.
    func walk(after path: Digest?, _ body: (Digest, Row) -> Bool) -> Bool { Self.walk(top, path, 0, body) }

    private static func walk(_ slot: Slot, _ path: Digest?, _ depth: Int, _ body: (Digest, Row) -> Bool) -> Bool {
        switch slot.child {
        case .none: return true
        case .run(let run):
            return run.allSatisfy { leaf in
                if let path, leaf.path <= path { return true }
                return body(leaf.path, leaf.row)
            }
        case .node(let slots):
            let first = path?.bitPair(at: depth) ?? 0
            return slots.indices[first...].allSatisfy { index in
                walk(slots[index], index == first ? path : nil, depth + bitsPerNode, body)
            }
        }
    }

    /// What leads from the root to `path`: the hashes beside the way down, and what is at its end.
    func opening(of path: Digest) -> MerkleOpening {
        var plan = MerkleHashPlan()
        var siblings: [MerkleHashPlan.Value] = []
        var slot = top
        var depth = 0
        var leaf: Leaf?
        descent: while true {
            switch slot.child {
            case .none: break descent
            case .run(let run):
                leaf = Self.descend(run[...], path, depth, &siblings, &plan)
                break descent
            case .node(let slots):
                guard let next = Self.descend(slots, path, depth, &siblings, &plan) else { break descent }
                slot = next
                depth += Self.bitsPerNode
            }
        }
        plan.run()
        let digests = siblings.enumerated().map { plan.digest($1, depth: $0 + 1) }
        return MerkleOpening(
            siblings: digests,
            leaf: leaf.map { leaf in
                var encoder = RowEncoder()
                leaf.row.encode(into: &encoder)
                return MerkleOpening.Leaf(path: leaf.path, row: encoder.bytes)
            })
    }

    /// Follows `path` through a run to the one leaf, or none, that has its place.
    private static func descend(
        _ run: ArraySlice<Leaf>, _ path: Digest, _ depth: Int, _ siblings: inout [MerkleHashPlan.Value],
        _ plan: inout MerkleHashPlan
    ) -> Leaf? {
        var run = run
        var depth = depth
        while run.count > 1 {
            let middle = run.firstIndex { $0.path.bit(at: depth) } ?? run.endIndex
            let (left, right) = (run[..<middle], run[middle...])
            let goesRight = path.bit(at: depth)
            depth += 1
            siblings.append(Self.plan(goesRight ? left : right, depth, &plan))
            run = goesRight ? right : left
        }
        return run.first
    }

    /// Follows `path` through a node to the child that has its place, or to a lone leaf above it; nil where there is
    /// nothing.
    private static func descend(
        _ slots: [Slot], _ path: Digest, _ depth: Int, _ siblings: inout [MerkleHashPlan.Value],
        _ plan: inout MerkleHashPlan
    ) -> Slot? {
        var range = slots.indices
        var depth = depth
        while range.count > 1 {
            let populated = range.filter { slots[$0].count > 0 }
            guard let only = populated.first else { return nil }
            if populated.count == 1, slots[only].count == 1 { return slots[only] }
            let middle = range.lowerBound + range.count / 2
            let (left, right) = (range.lowerBound..<middle, middle..<range.upperBound)
            let goesRight = path.bit(at: depth)
            depth += 1
            siblings.append(Self.plan(slots, goesRight ? left : right, depth, &plan))
            range = goesRight ? right : left
        }
        return slots[range.lowerBound]
    }
}
