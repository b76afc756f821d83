import Blake3

/// A row of a ledger table, which knows its place and its one encoding.
protocol MerkleRow: Sendable {
    /// The table's number; a part of each leaf's hash.
    static var table: UInt8 { get }
    /// Where the row's leaf is: 256 bits that look random, one path a key.
    var path: Digest { get }
    func encode(into encoder: inout RowEncoder)
}

/// A table of the state: rows by path, with a Merkle root that proofs lead to.
///
/// The root is that of a binary trie. A leaf sits at the least depth where no other row shares its prefix, so the root
/// depends only on the rows, not on the order in which they came. Leaf = H_leaf(table ‖ path ‖ row), inner =
/// H_inner(left ‖ right), where an empty child is 32 zero bytes; a table of one row is that row's leaf.
///
/// Changes collect in a dictionary until ``seal()`` brings all of them into the tree at once and hashes each node that
/// they touch once. What is in the tree is never changed where a copy can see it, and never hashed later: a sealed copy
/// costs one reference and may be read by any thread while the original moves on.
struct MerkleTable<Row: MerkleRow>: Sendable {
    /// A row, or nil for one that was taken away.
    private struct Change: Sendable { var row: Row? }

    /// A path that is hashed by its first word alone: paths look random, and whoever makes many that do not is slowed
    /// down no more than the tree slows them down.
    private struct Key: Hashable {
        let path: Digest

        static func == (left: Key, right: Key) -> Bool { left.path == right.path }

        func hash(into hasher: inout Hasher) { hasher.combine(path.leadingWord) }
    }

    private struct Undo: Sendable {
        var path: Digest
        /// What ``pending`` said before.
        var change: Change?
    }

    /// More changes than this are sealed at the next ``mark()``: they would cost more memory than they save time.
    static var pendingLimit: Int { 16_384 }

    private var tree = MerkleTree<Row>()
    private var pending: [Key: Change] = [:]
    private var undo: [Undo] = []
    private var markedCount = 0

    /// The number of rows.
    private(set) var count = 0

    init() {}

    /// The Merkle root; 32 zero bytes for an empty table. Costs nothing for a sealed table.
    var root: Digest { sealed.root }

    /// The row at `path`.
    subscript(path: Digest) -> Row? {
        if !pending.isEmpty, let change = pending[Key(path: path)] { return change.row }
        return tree[path]
    }

    /// Says that the rows at these paths are wanted soon, which makes it faster to get and to change them.
    func prefetch(_ paths: [Digest]) { tree.prefetch(paths) }

    /// Puts `row` at its path, in place of the one that was there.
    mutating func put(_ row: Row) {
        let path = row.path
        if change(path, to: Change(row: row)) == nil { count += 1 }
    }

    /// Takes the row at `path` away, if there is one.
    mutating func remove(_ path: Digest) {
        if self[path] == nil { return }
        _ = change(path, to: Change(row: nil))
        count -= 1
    }

    /// All rows in ascending order of their paths.
    var rows: [Row] {
        var rows: [Row] = []
        rows.reserveCapacity(count)
        forEach { rows.append($0) }
        return rows
    }

    /// Calls `body` with all rows in ascending order of their paths.
    func forEach<Failure: Error>(_ body: (Row) throws(Failure) -> Void) throws(Failure) { try sealed.forEach(body) }

    /// Calls `body` with paths and rows in ascending order of the paths, from the first one above `path` or from the
    /// first of all, as long as it says true. Passes over what is below `path` without touching it.
    ///
    /// - Returns: Whether it came to the end.
    func walk(after path: Digest?, _ body: (Digest, Row) -> Bool) -> Bool { sealed.walk(after: path, body) }

    // MARK: Taking changes back

    /// From here on changes can be taken back; those before stay.
    mutating func mark() {
        if pending.count > Self.pendingLimit { seal() }
        if !undo.isEmpty { undo.removeAll(keepingCapacity: undo.count <= Self.pendingLimit) }
        markedCount = count
    }

    /// Takes all changes since the last ``mark()`` (or ``seal()``) back.
    mutating func revert() {
        while let last = undo.popLast() { pending[Key(path: last.path)] = last.change }
        count = markedCount
    }

    // MARK: The tree

    /// Brings all changes into the tree. They cannot be taken back any more.
    mutating func seal() {
        undo.removeAll(keepingCapacity: undo.count <= Self.pendingLimit)
        markedCount = count
        guard !pending.isEmpty else { return }
        let order = pending.indices.map { (word: pending.keys[$0].path.leadingWord.bigEndian, index: $0) }.sorted {
            $0.word != $1.word ? $0.word < $1.word : pending.keys[$0.index].path < pending.keys[$1.index].path
        }
        tree.merge(
            order.map { MerkleChange(path: pending.keys[$0.index].path, row: pending.values[$0.index].row) })
        pending.removeAll(keepingCapacity: pending.count <= Self.pendingLimit)
    }

    /// What leads from the root to `path`.
    func opening(of path: Digest) -> MerkleOpening { sealed.opening(of: path) }

    /// The tree with all changes in it.
    private var sealed: MerkleTree<Row> {
        if pending.isEmpty { return tree }
        var copy = self
        copy.seal()
        return copy.tree
    }

    /// Gives the row that was there.
    private mutating func change(_ path: Digest, to change: Change) -> Row? {
        let before = pending.updateValue(change, forKey: Key(path: path))
        undo.append(Undo(path: path, change: before))
        return before.map(\.row) ?? tree[path]
    }
}
