import Blake3
import CLinux

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The memory of a table's trees: of all versions that somebody holds.
///
/// A node has four children, a run the leaves of a few rows. Each is written once, in ``merge(_:_:)``, and never changed; what
/// changes is made anew on the way down to it. How many nodes and versions lead to a block is counted in an array beside
/// the blocks: the counters of a million rows nearly fit a core's cache, the blocks that a copied node points to do not.
///
/// Memory comes from the system in chunks and goes back with the store.
struct MerkleStore<Row: MerkleRow>: ~Copyable {
    typealias Leaf = MerkleLeaf<Row>
    typealias Change = MerkleChange<Row>

    /// Where a subtree's link and hash go.
    struct Place {
        var link: UnsafeMutablePointer<MerkleLink>
        var hash: UnsafeMutablePointer<Digest>

        init(_ index: Int, in node: MerkleNode) {
            link = node.links + index
            hash = node.hashes + index
        }
    }

    /// A longer run becomes a node. A row that changes costs a copy of its run.
    static var runLimit: Int { 8 }
    /// Runs take up room for a multiple of so many leaves.
    private static var runStep: Int { 2 }
    /// Blocks begin where a cache line does.
    private static var alignment: Int { 64 }
    private static var firstChunkByteCount: Int { 4_096 }
    private static var maxChunkByteCount: Int { 4 << 20 }
    /// Chunks of whole large pages ask for them: random rows are then found without walks through the page tables.
    private static var largePageByteCount: Int { 2 << 20 }
    /// Blocks of one kind that are made while the memory of the next vacant one is on its way.
    private static var blocksAhead: Int { 4 }
    /// Nodes that are released while the counters of what the next one leads to are on their way.
    private static var nodesAhead: Int { 8 }

    private var chunks: [UnsafeMutableRawPointer] = []
    /// What is left of the last chunk.
    private var rest: (start: UnsafeMutableRawPointer, byteCount: Int)?
    private var nextChunkByteCount = MerkleStore.firstChunkByteCount
    /// How many nodes and versions lead to a block, by its number.
    private var holders: [UInt32] = []
    /// Blocks that nothing leads to: nodes, then runs by their size.
    private var vacant = [[MerkleBlock]](repeating: [], count: 1 + MerkleStore.runLimit / MerkleStore.runStep)

    var plan = MerkleHashPlan()
    /// A merge leaves its result in the first place.
    let top: MerkleNode
    /// Room for ``rebuild``.
    var spare: [Leaf] = []

    init() {
        top = MerkleNode(memory: .allocate(byteCount: MerkleNode.byteCount, alignment: MerkleStore.alignment))
    }

    deinit {
        top.memory.deallocate()
        for chunk in chunks { chunk.deallocate() }
    }

    /// Blocks that were ever needed at one time.
    var blockCount: Int { holders.count }
    /// Blocks that something leads to.
    var heldCount: Int { vacant.reduce(holders.count) { $0 - $1.count } }

    // MARK: Blocks

    /// Memory for a node, with one holder.
    mutating func makeNode() -> MerkleBlock { makeBlock(0, byteCount: MerkleNode.byteCount) }

    /// Memory for a run, with one holder.
    mutating func makeRun(count: Int) -> MerkleBlock {
        let size = Self.runSize(count)
        return makeBlock(size, byteCount: size * Self.runStep * MemoryLayout<Leaf>.stride)
    }

    private static func runSize(_ count: Int) -> Int { (count + runStep - 1) / runStep }

    private mutating func makeBlock(_ kind: Int, byteCount: Int) -> MerkleBlock {
        if let block = vacant[kind].popLast() {
            // What was freed long ago is in no cache: whoever writes there would wait for each of its lines.
            let next = vacant[kind].count - Self.blocksAhead
            if next >= 0 { skerry_prefetch_for_writing(vacant[kind][next].memory, byteCount) }
            holders[Int(block.number)] = 1
            return block
        }
        let number = UInt32(holders.count)
        precondition(number <= .max >> 1, "a link's tag holds 31 bits of the number")
        holders.append(1)
        return MerkleBlock(memory: allocate(byteCount), number: number)
    }

    private mutating func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
        if let (start, restByteCount) = rest {
            let aligned = start.alignedUp(toMultipleOf: Self.alignment)
            let left = restByteCount - (aligned - start) - byteCount
            if left >= 0 {
                rest = (aligned + byteCount, left)
                return aligned
            }
        }
        let chunkByteCount = max(nextChunkByteCount, byteCount)
        nextChunkByteCount = min(2 * nextChunkByteCount, Self.maxChunkByteCount)
        let hasLargePages = chunkByteCount.isMultiple(of: Self.largePageByteCount)
        let chunk = UnsafeMutableRawPointer.allocate(
            byteCount: chunkByteCount, alignment: hasLargePages ? Self.largePageByteCount : Self.alignment)
        #if os(Linux)
            // Without them it is slower, and nothing else.
            if hasLargePages { _ = madvise(chunk, chunkByteCount, MADV_HUGEPAGE) }
        #endif
        chunks.append(chunk)
        rest = (chunk + byteCount, chunkByteCount - byteCount)
        return chunk
    }

    // MARK: Holders

    /// One more holder of what the link leads to.
    mutating func retain(_ link: MerkleLink) {
        guard let block = link.block else { return }
        holders[Int(block.number)] += 1
    }

    /// One holder less. What nobody holds is vacant, and holds nothing itself.
    ///
    /// Level by level, so that the memory of all nodes of a level is on its way before the first is looked at, and so are the
    /// counters of what they lead to.
    mutating func release(_ link: MerkleLink) {
        var nodes: [MerkleLink] = []
        drop(link, &nodes)
        var next = 0
        while next < nodes.count {
            if next + Self.nodesAhead < nodes.count { prefetchHolders(below: nodes[next + Self.nodesAhead]) }
            if let node = nodes[next].node, let block = nodes[next].block {
                for index in 0..<MerkleNode.childCount { drop(node.links[index], &nodes) }
                vacant[0].append(block)
            }
            next += 1
        }
    }

    /// What is done with a counter depends on it: whoever comes to one that is in no near cache stands still.
    private func prefetchHolders(below link: MerkleLink) {
        guard let node = link.node else { return }
        holders.withUnsafeBufferPointer { holders in
            for index in 0..<MerkleNode.childCount {
                guard let block = node.links[index].block, let first = holders.baseAddress else { continue }
                skerry_prefetch(first + Int(block.number), MemoryLayout<UInt32>.size)
            }
        }
    }

    /// Takes a holder away. A run without one is vacant; a node without one joins `nodes`.
    private mutating func drop(_ link: MerkleLink, _ nodes: inout [MerkleLink]) {
        guard let block = link.block else { return }
        holders[Int(block.number)] -= 1
        guard holders[Int(block.number)] == 0 else { return }
        if link.node != nil {
            skerry_prefetch(block.memory, MerkleNode.linksByteCount)
            nodes.append(link)
        } else {
            link.leaves(of: Row.self).deinitialize()
            vacant[Self.runSize(Int(link.count))].append(block)
        }
    }
}
