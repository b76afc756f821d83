/// Hashes a stream that is a subtree (or all) of an input, whatever pieces it arrives in.
///
/// Holds back up to `bufferByteCount` bytes, so that the last node is never finished before its place is known and
/// small pieces still fill the kernels' lanes. Larger aligned runs are hashed where they are.
struct SubtreeHasher: Sendable {
    /// A power of two of chunks that fills the widest kernel once.
    static let bufferByteCount = 32_768
    private static let chunkByteCount = 1024

    let tree: Tree
    /// Chunks of the whole input before this subtree: a multiple of the subtree's size.
    let firstChunk: UInt64
    /// Values of complete subtrees, largest first: one for each bit set in `hashedByteCount / bufferByteCount`.
    private var stack: [Digest] = []
    private var hashedByteCount = 0
    private var buffer: [UInt8] = []

    init(tree: Tree, firstChunk: UInt64 = 0) {
        self.tree = tree
        self.firstChunk = firstChunk
    }

    /// Bytes taken so far.
    var byteCount: Int { hashedByteCount + buffer.count }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        if !buffer.isEmpty {
            let room = Self.bufferByteCount - buffer.count
            buffer.append(contentsOf: rest.prefix(room))
            rest = rest.dropFirst(room)
            if rest.isEmpty { return }
            buffer.withUnsafeBytes { push($0) }
            buffer.removeAll(keepingCapacity: true)
        }
        while rest.count > Self.bufferByteCount {
            let length = subtreeLength(available: rest.count)
            push(UnsafeRawBufferPointer(rebasing: rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        if buffer.capacity == 0, !rest.isEmpty { buffer.reserveCapacity(Self.bufferByteCount) }
        buffer.append(contentsOf: rest)
    }

    func last() -> Node {
        var node = buffer.withUnsafeBytes { tree.last($0, firstChunk: nextChunk) }
        for left in stack.reversed() {
            var pair = [left, node.value]
            node = tree.join(&pair)
        }
        return node
    }

    /// The last node once `bytes` are added.
    func last(adding bytes: UnsafeRawBufferPointer) -> Node {
        if byteCount == 0, bytes.count <= Self.bufferByteCount { return tree.last(bytes, firstChunk: firstChunk) }
        var whole = self
        whole.update(bytes)
        return whole.last()
    }

    private var nextChunk: UInt64 { firstChunk + UInt64(hashedByteCount / Self.chunkByteCount) }

    /// The largest complete subtree that starts here and leaves at least one byte behind it.
    private func subtreeLength(available: Int) -> Int {
        let largest = 1 << (Int.bitWidth - 1 - (available - 1).leadingZeroBitCount)
        return hashedByteCount == 0 ? largest : min(largest, 1 << hashedByteCount.trailingZeroBitCount)
    }

    /// Adds a complete subtree that is not the end of the stream.
    private mutating func push(_ bytes: UnsafeRawBufferPointer) {
        var value = tree.last(bytes, firstChunk: nextChunk).value
        var length = bytes.count
        while hashedByteCount & length != 0, let left = stack.popLast() {
            var pair = [left, value]
            value = tree.join(&pair).value
            hashedByteCount -= length
            length *= 2
        }
        stack.append(value)
        hashedByteCount += length
    }
}
