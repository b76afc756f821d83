/// Reads a verified stream: gives out the bytes of a blob, in order, as soon as they are proved to belong to its digest.
///
/// Pieces may have any size. Of a piece, whole groups are checked and given out where they are; one group that goes on
/// in the next piece is buffered. Nothing is given out that was not checked, and a wrong byte is refused once the
/// 16 KiB around it are there. After the size (8 bytes) all items are multiples of 64 bytes: who takes the size as a
/// piece of its own and reads into aligned buffers hashes a tenth faster. Memory: 16 KiB, 8 KiB for values, and 64 bytes for each level of the tree.
public struct VerifiedStreamDecoder: Sendable {
    /// Takes bytes of the blob and their offset; the pointer is valid only during the call.
    public typealias Deliver = (_ offset: Int, _ bytes: UnsafeRawBufferPointer) throws -> Void

    static let headerByteCount = 8

    private let root: Digest
    private let range: Range<Int>?
    private let expectedByteCount: Int?
    private var wanted = 0..<0
    private var pending: [StreamNode] = []
    /// The beginning of an item of which the rest has not come.
    private var held: [UInt8] = []
    private var batch = StreamBatch()
    private var failure: (any Error)?

    /// The blob's size in bytes, as the stream says; nil before it did. It is proved when `isByteCountVerified`; the
    /// offsets and bytes that were given out are right in any case.
    public private(set) var byteCount: Int?
    /// Whether the last group was checked, and with it the size. So it is at the end of a stream whose range reaches
    /// the end of the blob or beyond, or is empty.
    public private(set) var isByteCountVerified = false

    /// - Parameters:
    ///   - root: The blob's digest.
    ///   - range: Bytes that the stream was asked for; what lies outside of the blob is ignored. Nil is the whole blob.
    ///   - byteCount: The blob's size where it is known from elsewhere; a stream that says another is refused.
    public init(root: Digest, range: Range<Int>? = nil, byteCount: Int? = nil) {
        self.root = root
        self.range = range
        expectedByteCount = byteCount
    }

    /// Whether all that was asked for has been checked and given out.
    public var isComplete: Bool { byteCount != nil && pending.isEmpty && failure == nil }

    /// Adds a piece of the stream.
    ///
    /// After an error every call throws the same one again.
    ///
    /// - Throws: What `deliver` throws; `Blake3Error`: `.mismatch` for bytes that are not the blob's, `.malformed` for
    ///   an impossible size or bytes after the end.
    public mutating func update(_ piece: UnsafeRawBufferPointer, _ deliver: Deliver) throws {
        if let failure { throw failure }
        do {
            try take(piece, deliver)
        } catch {
            failure = error
            throw error
        }
    }

    /// Says that the stream has ended.
    ///
    /// - Throws: The error of an earlier call; `Blake3Error` with `.truncated` when something is missing.
    public func finish() throws {
        if let failure { throw failure }
        guard !isComplete else { return }
        let place = pending.last.map { "byte \($0.tree.first * GroupTree.groupByteCount) of the blob" } ?? "its size"
        throw Blake3Error(.truncated, "the stream ended before \(place); ask for the rest, or ask another node")
    }

    /// Decodes a whole stream into a buffer that begins with the first byte of the range.
    ///
    /// - Returns: The bytes of the blob that the buffer holds now.
    /// - Throws: `Blake3Error` as `update` and `finish` do, and `.tooLarge` when the buffer has too little room. What
    ///   the buffer holds then is checked as far as it goes.
    public static func decode(
        _ stream: UnsafeRawBufferPointer, root: Digest, range: Range<Int>? = nil,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws -> Range<Int> {
        var decoder = VerifiedStreamDecoder(root: root, range: range)
        let start = max(0, range?.lowerBound ?? 0)
        var end = start
        try decoder.update(stream) { offset, bytes in
            guard bytes.count <= buffer.count - (offset - start) else {
                throw Blake3Error(
                    .tooLarge, "a buffer of \(buffer.count) bytes is too small for the range; give a larger one")
            }
            UnsafeMutableRawBufferPointer(rebasing: buffer[(offset - start)...]).copyMemory(from: bytes)
            end = offset + bytes.count
        }
        try decoder.finish()
        return start..<end
    }

    static func header(byteCount: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt64(clamping: byteCount).littleEndian) { Array($0) }
    }

    private mutating func take(_ piece: UnsafeRawBufferPointer, _ deliver: Deliver) throws {
        guard !held.isEmpty else { return try takeItems(held: nil, piece, deliver) }
        let missing = (nextLength ?? 0) - held.count
        held.append(contentsOf: piece.prefix(missing))
        guard piece.count >= missing else { return }
        let item = held
        held = []
        try item.withUnsafeBytes {
            try takeItems(held: $0, UnsafeRawBufferPointer(rebasing: piece.dropFirst(missing)), deliver)
        }
    }

    /// Takes the item that was held back, if there is one, and all that are whole in the piece.
    private mutating func takeItems(
        held first: UnsafeRawBufferPointer?, _ piece: UnsafeRawBufferPointer, _ deliver: Deliver
    ) throws {
        if let first { try take(item: first, deliver) }
        var offset = 0
        while let length = nextLength, length <= piece.count - offset {
            try take(item: UnsafeRawBufferPointer(rebasing: piece[offset..<offset + length]), deliver)
            offset += length
        }
        try flush(deliver)
        guard offset < piece.count else { return }
        guard nextLength != nil else {
            throw Blake3Error(
                .malformed, "\(piece.count - offset) bytes follow the end of the stream; ask another node")
        }
        held.reserveCapacity(GroupTree.groupByteCount)
        held.append(contentsOf: piece[offset...])
    }

    /// Length of the next item: the size, a parent or a group; nil at the end.
    private var nextLength: Int? {
        guard let byteCount else { return Self.headerByteCount }
        guard let next = pending.last else { return nil }
        return next.tree.count > 1
            ? Subtree.parentByteCount : GroupTree.groupLength(next.tree.first, byteCount: byteCount)
    }

    private mutating func take(item: UnsafeRawBufferPointer, _ deliver: Deliver) throws {
        guard let byteCount else { return try takeHeader(item, deliver) }
        guard let next = pending.popLast() else { return }
        if next.isRoot || (next.tree.count == 1 && item.count < GroupTree.groupByteCount) {
            try flush(deliver)
            try check(next, item, deliver)
        } else if next.tree.count == 1 {
            batch.add(leaf: next, item)
        } else {
            batch.add(parent: next, item)
        }
        if next.tree.count > 1 {
            let (left, right) = next.tree.children
            if right.range.overlaps(wanted) {
                pending.append(StreamNode(tree: right, value: Digest(loading: item, at: Digest.byteCount)))
            }
            if left.range.overlaps(wanted) {
                pending.append(StreamNode(tree: left, value: Digest(loading: item, at: 0)))
            }
        } else if next.tree.first == GroupTree.groupCount(byteCount: byteCount) - 1 || batch.isFull {
            try flush(deliver)
        }
    }

    private mutating func takeHeader(_ item: UnsafeRawBufferPointer, _ deliver: Deliver) throws {
        let size = UInt64(littleEndian: item.loadUnaligned(as: UInt64.self))
        guard let size = Int(exactly: size) else {
            throw Blake3Error(.malformed, "the stream says that the blob has \(size) bytes; ask another node")
        }
        if let expectedByteCount, size != expectedByteCount {
            throw Blake3Error(
                .mismatch, "the stream says that the blob has \(size) bytes, not \(expectedByteCount); ask another node"
            )
        }
        byteCount = size
        wanted = GroupTree.groups(of: range, byteCount: size)
        let whole = Subtree(first: 0, count: GroupTree.groupCount(byteCount: size))
        pending = [StreamNode(tree: whole, value: root, isRoot: true)]
        // An empty blob's only group has no bytes that could arrive.
        if size == 0 { try take(item: UnsafeRawBufferPointer(start: nil, count: 0), deliver) }
    }

    /// Checks an item alone: the root, and a last group that is not whole.
    private mutating func check(_ node: StreamNode, _ item: UnsafeRawBufferPointer, _ deliver: Deliver) throws {
        let last =
            node.tree.count > 1
            ? Tree.hash.parent(item) : Tree.hash.last(item, firstGroup: node.tree.first)
        guard (node.isRoot ? last.root : last.value) == node.value else { throw wrong(at: node.tree.first) }
        if node.tree.count == 1 { try giveOut(node.tree.first, item, deliver) }
    }

    /// Checks what was collected, and gives out what is right before what is not.
    private mutating func flush(_ deliver: Deliver) throws {
        guard !batch.isEmpty else { return }
        let (good, firstBad) = batch.verify()
        for (index, start) in batch.leafStarts.prefix(good).enumerated() {
            let bytes = UnsafeRawBufferPointer(start: start, count: GroupTree.groupByteCount)
            try giveOut(batch.firstGroup + index, bytes, deliver)
        }
        batch.removeAll()
        if let firstBad { throw wrong(at: firstBad) }
    }

    private mutating func giveOut(_ group: Int, _ bytes: UnsafeRawBufferPointer, _ deliver: Deliver) throws {
        guard let byteCount else { return }
        if group == GroupTree.groupCount(byteCount: byteCount) - 1 { isByteCountVerified = true }
        let start = group * GroupTree.groupByteCount
        let asked = (range ?? 0..<Int.max).clamped(to: start..<start + bytes.count)
        guard !asked.isEmpty else { return }
        try deliver(
            asked.lowerBound,
            UnsafeRawBufferPointer(rebasing: bytes[asked.lowerBound - start..<asked.upperBound - start]))
    }

    private func wrong(at group: Int) -> Blake3Error {
        Blake3Error(
            .mismatch,
            "the stream is not that of blob \(root) at byte \(group * GroupTree.groupByteCount); ask another node")
    }
}
