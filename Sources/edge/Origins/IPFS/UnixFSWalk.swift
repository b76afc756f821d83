/// Goes through the blocks of a file in order and gives its bytes out, those of one range only.
///
/// Says which block it needs next and which ones it will need soon; takes the blocks, already verified against their CIDs;
/// checks that each has the size that its parent promised. Subtrees outside of the range are skipped unread.
struct UnixFSWalk: Sendable {
    /// Deepest tree.
    static let maxDepth = 32
    /// Parts that wait to be read: the links of all open levels.
    static let maxPending = 131_072

    /// A block that is needed.
    struct Need: Hashable, Sendable {
        /// Different for each need of a walk.
        let id: Int
        let cid: CID
        /// Bytes of the file in it and below it.
        let byteCount: Int64
        fileprivate let depth: Int
    }

    /// What is still to be given out, relative to the next part.
    private var skip: Int64
    private var remaining: Int64
    /// The next one last.
    private var pending: [Need] = []
    private var nextID = 0

    /// A walk through the file of a CID.
    ///
    /// - Parameters:
    ///   - byteCount: The file's size.
    ///   - range: Within the file.
    init(_ cid: CID, byteCount: Int64, range: Range<Int64>) {
        skip = range.lowerBound
        remaining = Int64(range.count)
        if remaining > 0 { push(cid, byteCount, depth: 0) }
    }

    /// The block to be given to ``take(_:)`` next; nil when all bytes are out.
    var need: Need? { remaining > 0 ? pending.last : nil }

    /// The blocks that will be needed first, in order, as far as that is known.
    func upcoming(_ count: Int) -> [Need] {
        var missing = remaining + skip
        var needs: [Need] = []
        for need in pending.reversed() {
            guard missing > 0, needs.count < count else { break }
            needs.append(need)
            missing -= need.byteCount
        }
        return remaining > 0 ? needs : []
    }

    /// Takes the block of ``need`` and returns what it has of the range, perhaps nothing.
    ///
    /// - Throws: ``DAGNode/Malformed`` if the block is not what its parent promised.
    mutating func take(_ block: [UInt8]) throws(DAGNode.Malformed) -> ArraySlice<UInt8> {
        guard remaining > 0, let need = pending.popLast() else { return [] }
        switch need.cid.codec {
        case .raw:
            guard Int64(block.count) == need.byteCount else { throw Self.wrongSize }
            return give(block[...])
        case .dagPB:
            let node = try UnixFSNode(block)
            guard try node.fileSize() == need.byteCount else { throw Self.wrongSize }
            let parts = try node.parts()
            guard need.depth < Self.maxDepth || parts.isEmpty else {
                throw DAGNode.Malformed(description: "a file's tree is deeper than \(Self.maxDepth) levels")
            }
            let own = give(node.header.data[...])
            var before = skip
            var first = 0
            while first < parts.count, parts[first].byteCount <= before {
                before -= parts[first].byteCount
                first += 1
            }
            skip = before
            guard pending.count + parts.count - first <= Self.maxPending else {
                throw DAGNode.Malformed(description: "a file's tree is wider than \(Self.maxPending) parts")
            }
            for part in parts[first...].reversed() { push(part.cid, part.byteCount, depth: need.depth + 1) }
            return own
        }
    }

    private static let wrongSize = DAGNode.Malformed(description: "a part of a file has not the size that was promised")

    private mutating func push(_ cid: CID, _ byteCount: Int64, depth: Int) {
        pending.append(Need(id: nextID, cid: cid, byteCount: byteCount, depth: depth))
        nextID += 1
    }

    private mutating func give(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let dropped = min(skip, Int64(bytes.count))
        skip -= dropped
        let wanted = bytes.dropFirst(Int(dropped)).prefix(Int(min(remaining, Int64(bytes.count))))
        remaining -= Int64(wanted.count)
        return wanted
    }
}
