import Blake3

/// A row of a ledger table, which knows its place and its one encoding.
protocol MerkleRow: Sendable {
    /// The table's number; a part of each leaf's hash.
    static var table: UInt8 { get }
    /// Where the row's leaf is: 256 bits that look random, one path a key.
    var path: Digest { get }
    func encode(into encoder: inout RowEncoder)
}

/// A table of the state: a persistent binary trie over the rows' paths that is its own Merkle tree.
///
/// A leaf sits at the least depth where no other row shares its prefix, so the shape and the root depend only on the
/// rows, not on the order in which they came. A copy is one reference; a change makes about log₂(n) new nodes and
/// shares the rest, which is what lets readers keep snapshots while the ledger moves on.
///
/// Leaf = H_leaf(table ‖ path ‖ row), inner = H_inner(left ‖ right), where an empty child is 32 zero bytes.
struct MerkleTable<Row: MerkleRow>: Sendable {
    private indirect enum Node: Sendable {
        case leaf(path: Digest, row: Row, hash: Digest)
        case inner(left: Node?, right: Node?, hash: Digest)

        var hash: Digest {
            switch self {
            case .leaf(_, _, let hash), .inner(_, _, let hash): hash
            }
        }

        var isLeaf: Bool {
            if case .leaf = self { true } else { false }
        }
    }

    private var top: Node?

    /// The number of rows.
    private(set) var count = 0

    init() {}

    /// The Merkle root; 32 zero bytes for an empty table.
    var root: Digest { top?.hash ?? emptyDigest }

    /// The row at `path`.
    subscript(path: Digest) -> Row? {
        path.withUnsafeBytes { bits in
            var node = top
            var depth = 0
            while let current = node {
                switch current {
                case .leaf(let found, let row, _): return found == path ? row : nil
                case .inner(let left, let right, _): node = isRight(bits, depth) ? right : left
                }
                depth += 1
            }
            return nil
        }
    }

    /// Puts `row` at its path, in place of the one that was there.
    mutating func put(_ row: Row) {
        var encoder = RowEncoder()
        encoder.append(Row.table)
        encoder.append(row.path)
        row.encode(into: &encoder)
        let path = row.path
        let leaf = Node.leaf(path: path, row: row, hash: LedgerHash.rowLeaf(encoder.bytes))
        top = path.withUnsafeBytes { put(leaf, path, $0, into: top, depth: 0) }
    }

    /// Takes the row at `path` away, if there is one.
    mutating func remove(_ path: Digest) {
        guard self[path] != nil else { return }
        top = path.withUnsafeBytes { remove($0, from: top, depth: 0) }
        count -= 1
    }

    /// All rows in ascending order of their paths.
    var rows: [Row] {
        var rows: [Row] = []
        rows.reserveCapacity(count)
        var pending: [Node] = top.map { [$0] } ?? []
        while let node = pending.popLast() {
            switch node {
            case .leaf(_, let row, _): rows.append(row)
            case .inner(let left, let right, _):
                if let right { pending.append(right) }
                if let left { pending.append(left) }
            }
        }
        return rows
    }

    /// Recurses at most 256 times, one level a bit of the path.
    private mutating func put(
        _ leaf: Node, _ path: Digest, _ bits: UnsafeRawBufferPointer, into node: Node?, depth: Int
    ) -> Node {
        switch node {
        case nil:
            count += 1
            return leaf
        case .leaf(let other, _, _)?:
            if other == path { return leaf }
            count += 1
            guard let node else { return leaf }
            return other.withUnsafeBytes { split(node, $0, leaf, bits, depth: depth) }
        case .inner(let left, let right, _)?:
            if isRight(bits, depth) {
                return inner(left, put(leaf, path, bits, into: right, depth: depth + 1))
            }
            return inner(put(leaf, path, bits, into: left, depth: depth + 1), right)
        }
    }

    /// The subtree at `depth` that holds two leaves of different paths.
    private func split(
        _ old: Node, _ oldBits: UnsafeRawBufferPointer, _ new: Node, _ newBits: UnsafeRawBufferPointer, depth: Int
    ) -> Node {
        switch (isRight(oldBits, depth), isRight(newBits, depth)) {
        case (false, true): inner(old, new)
        case (true, false): inner(new, old)
        case (false, false): inner(split(old, oldBits, new, newBits, depth: depth + 1), nil)
        case (true, true): inner(nil, split(old, oldBits, new, newBits, depth: depth + 1))
        }
    }

    /// A leaf that is left alone moves up, so that a removal gives the tree that never held the row.
    private func remove(_ bits: UnsafeRawBufferPointer, from node: Node?, depth: Int) -> Node? {
        guard case .inner(let left, let right, _)? = node else { return nil }
        let goesRight = isRight(bits, depth)
        let newLeft = goesRight ? left : remove(bits, from: left, depth: depth + 1)
        let newRight = goesRight ? remove(bits, from: right, depth: depth + 1) : right
        switch (newLeft, newRight) {
        case (nil, nil): return nil
        case (let only?, nil) where only.isLeaf: return only
        case (nil, let only?) where only.isLeaf: return only
        default: return inner(newLeft, newRight)
        }
    }

    private func inner(_ left: Node?, _ right: Node?) -> Node {
        let hash = LedgerHash.rowInner(left?.hash ?? emptyDigest, right?.hash ?? emptyDigest)
        return .inner(left: left, right: right, hash: hash)
    }
}

private let emptyDigest = Digest(unsafeUninitialized: { _ in })

/// Whether the path's bit `depth`, from the first byte's highest bit on, is set.
private func isRight(_ bits: UnsafeRawBufferPointer, _ depth: Int) -> Bool {
    bits[depth >> 3] & (0x80 >> UInt8(depth & 7)) != 0
}
