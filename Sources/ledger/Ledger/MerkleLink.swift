import Blake3

/// What leads to a subtree: to a node or a run, from the node above it or from a ``MerkleVersion``.
///
/// Sendable because what `memory` points to is written before anybody can know of the link, and stays as it is until the
/// last version that leads to it is gone.
struct MerkleLink: @unchecked Sendable {
    /// A node's memory (``MerkleNode``), or a run's leaves in ascending order of their paths; nil where there are no rows.
    let memory: UnsafeMutableRawPointer?
    /// Twice the number under which the memory's holders are counted, and one more for a node.
    private let tag: UInt32
    /// Rows below.
    let count: UInt32

    /// Leads to the subtree without rows.
    static var none: MerkleLink { MerkleLink(memory: nil, tag: 0, count: 0) }

    private init(memory: UnsafeMutableRawPointer?, tag: UInt32, count: UInt32) {
        self.memory = memory
        self.tag = tag
        self.count = count
    }

    init(_ block: MerkleBlock, isNode: Bool, count: UInt32) {
        self.init(memory: block.memory, tag: block.number << 1 | (isNode ? 1 : 0), count: count)
    }

    /// Where the subtree is; nil where there are no rows.
    var block: MerkleBlock? { memory.map { MerkleBlock(memory: $0, number: tag >> 1) } }

    /// Nil for a run, and where there are no rows.
    var node: MerkleNode? { tag & 1 != 0 ? memory.map(MerkleNode.init) : nil }

    /// A run's leaves; none for a node.
    func leaves<Row>(of row: Row.Type) -> UnsafeMutableBufferPointer<MerkleLeaf<Row>> {
        UnsafeMutableBufferPointer(
            start: memory?.assumingMemoryBound(to: MerkleLeaf<Row>.self), count: tag & 1 != 0 ? 0 : Int(count))
    }

    /// Calls `body` with all leaves of the subtree in ascending order of their paths.
    func forEachLeaf<Row, Failure: Error>(
        of row: Row.Type, _ body: (UnsafeMutablePointer<MerkleLeaf<Row>>) throws(Failure) -> Void
    ) throws(Failure) {
        if let node {
            for index in 0..<MerkleNode.childCount { try node.links[index].forEachLeaf(of: row, body) }
        } else if let first = leaves(of: row).baseAddress {
            for index in 0..<Int(count) { try body(first + index) }
        }
    }
}

/// A node's memory: links to its children, which fill one cache line, and then the children's hashes.
struct MerkleNode {
    static var childCount: Int { 4 }
    static var bitsPerNode: Int { 2 }
    static var linksByteCount: Int { childCount * MemoryLayout<MerkleLink>.stride }
    static var byteCount: Int { linksByteCount + childCount * Digest.byteCount }

    let memory: UnsafeMutableRawPointer

    var links: UnsafeMutablePointer<MerkleLink> { memory.assumingMemoryBound(to: MerkleLink.self) }

    var hashes: UnsafeMutablePointer<Digest> {
        (memory + MerkleNode.linksByteCount).assumingMemoryBound(to: Digest.self)
    }
}

/// A row's place in a run.
struct MerkleLeaf<Row: MerkleRow>: Sendable {
    /// It comes first, so that a pointer to a leaf is one to its hash.
    var hash: Digest
    var path: Digest
    var row: Row
}

/// A row that is put, or taken away.
struct MerkleChange<Row: MerkleRow>: Sendable {
    var path: Digest
    /// The hash of the leaf, if there is one.
    var hash = MerkleHashPlan.empty
    /// Nil takes the row away.
    var row: Row?

    var leaf: MerkleLeaf<Row>? { row.map { MerkleLeaf(hash: hash, path: path, row: $0) } }
}

/// Memory of a node or of a run, and the number under which its holders are counted.
struct MerkleBlock {
    var memory: UnsafeMutableRawPointer
    var number: UInt32
}
