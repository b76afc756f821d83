import Blake3
public import Identity

/// What the index knows about a stored blob.
public struct BlobStat: Hashable, Sendable {
    /// The blob's name.
    public let id: BlobID
    /// Size in bytes.
    public let byteCount: Int
    /// When the blob was stored here, in milliseconds since 1970 UTC.
    public let createdAtMilliseconds: Int64
    /// Whether the bytes are in the index itself instead of a file.
    let isInline: Bool

    /// Number of 256 KiB blocks; an empty blob has one empty block.
    public var blockCount: Int { BlockTree.blockCount(byteCount: byteCount) }

    /// Bytes of block `index`; 0 outside the blob.
    public func blockLength(_ index: Int) -> Int { BlockTree.blockLength(index, byteCount: byteCount) }
}
