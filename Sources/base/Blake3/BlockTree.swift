/// The tree above 256 KiB blocks.
///
/// An aligned 256 KiB of a blob is a complete subtree, so a blob is described by its size and the chaining values of
/// its blocks, and each block can be checked alone.
public enum BlockTree {
    /// Bytes of each block but the last.
    public static let blockByteCount = 262_144
    private static let chunksPerBlock = 256

    /// Number of blocks of a blob of `byteCount` bytes; an empty (or negative) size has one empty block.
    public static func blockCount(byteCount: Int) -> Int {
        byteCount <= 0 ? 1 : (byteCount - 1) / blockByteCount + 1
    }

    /// Bytes of block `index` of a blob of `byteCount` bytes; 0 for an index outside the blob.
    public static func blockLength(_ index: Int, byteCount: Int) -> Int {
        guard index >= 0, index < blockCount(byteCount: byteCount) else { return 0 }
        return max(0, min(blockByteCount, byteCount - index * blockByteCount))
    }

    /// Chaining value of block `index` of a blob of `byteCount` bytes; the root digest for a blob of a single block.
    ///
    /// Bytes of a wrong length give a value that fits no blob of that size.
    public static func blockValue(_ bytes: UnsafeRawBufferPointer, index: Int, byteCount: Int) -> Digest {
        let node = Tree.hash.last(bytes, firstChunk: UInt64(clamping: index) &* UInt64(chunksPerBlock))
        return blockCount(byteCount: byteCount) == 1 ? node.root : node.value
    }

    /// Root digest that the values of all blocks imply; nil when their number does not fit the size.
    public static func root(blockValues: [Digest], byteCount: Int) -> Digest? {
        guard byteCount >= 0, blockValues.count == blockCount(byteCount: byteCount) else { return nil }
        if blockValues.count == 1 { return blockValues[0] }
        var scratch = blockValues
        return Tree.hash.join(&scratch).root
    }
}
