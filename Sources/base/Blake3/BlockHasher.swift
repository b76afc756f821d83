/// Hashes a stream and collects the values of its blocks in one pass.
///
/// Whole aligned blocks are hashed where they are; other pieces pass through a buffer of 32 KiB.
public struct BlockHasher: Sendable {
    private var finished: [Digest] = []
    /// Digest of the first block, should it turn out to be the only one.
    private var onlyBlock: Digest?
    private var current = SubtreeHasher(tree: .hash)
    private var byteCount = 0

    /// An empty stream.
    public init() {}

    /// Adds bytes; pieces of any size give the same result.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let room = BlockTree.blockByteCount - current.byteCount
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(room))
            rest = rest.dropFirst(room)
            byteCount += piece.count
            if piece.count == BlockTree.blockByteCount {
                finish(Tree.hash.last(piece, firstChunk: current.firstChunk))
            } else {
                current.update(piece)
                if piece.count == room { finish(current.last()) }
            }
        }
    }

    /// The digest, the size in bytes and the values of all blocks (for a single block: the digest itself).
    ///
    /// Starts over: what is added afterwards belongs to a new blob.
    public mutating func finalize() -> (digest: Digest, byteCount: Int, blockValues: [Digest]) {
        defer { self = BlockHasher() }
        if current.byteCount > 0 || finished.isEmpty { finish(current.last()) }
        if finished.count == 1, let onlyBlock { return (onlyBlock, byteCount, [onlyBlock]) }
        var scratch = finished
        return (Tree.hash.join(&scratch).root, byteCount, finished)
    }

    private mutating func finish(_ node: Node) {
        if finished.isEmpty { onlyBlock = node.root }
        finished.append(node.value)
        let chunksPerBlock = UInt64(BlockTree.blockByteCount / 1024)
        current = SubtreeHasher(tree: .hash, firstChunk: UInt64(finished.count) * chunksPerBlock)
    }
}
