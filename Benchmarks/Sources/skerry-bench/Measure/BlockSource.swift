import Blake3
import Identity
import NIOCore

/// A reproducible blob of whole 256 KiB blocks. The blocks differ in their first eight bytes, so that a block at the
/// wrong place is noticed without hashing.
struct BlockSource: Sendable {
    private let noise: ByteBuffer
    let blockCount: Int
    private let seed: UInt64

    var byteCount: Int { blockCount * BlockTree.blockByteCount }

    init(mib: Int, seed: UInt64 = 1) {
        var state = seed
        var noise = ByteBuffer()
        noise.reserveCapacity(BlockTree.blockByteCount)
        while noise.readableBytes < BlockTree.blockByteCount {
            // xorshift64* (Vigna 2016): good enough for bytes that do not compress.
            state ^= state >> 12
            state ^= state << 25
            state ^= state >> 27
            noise.writeInteger(state &* 0x2545_F491_4F6C_DD1D)
        }
        self.noise = noise
        self.seed = seed
        blockCount = mib << 20 / BlockTree.blockByteCount
    }

    /// A copy of block `index`.
    func block(_ index: Int) -> ByteBuffer {
        var block = noise
        block.setInteger(mark(index), at: block.readerIndex)
        return block
    }

    /// All blocks, in memory.
    func blocks() -> [ByteBuffer] { (0..<blockCount).map(block) }

    /// Whether `bytes` are as long as a block and begin like block `index`.
    func isLike(_ bytes: ByteBuffer, block index: Int) -> Bool {
        bytes.readableBytes == BlockTree.blockByteCount
            && bytes.getInteger(at: bytes.readerIndex, as: UInt64.self) == mark(index)
    }

    /// The blob's name, and what each block hashes to.
    func hashed() -> (id: BlobID, blockValues: [Digest]) {
        var hasher = BlockHasher()
        for index in 0..<blockCount { block(index).withUnsafeReadableBytes { hasher.update($0) } }
        let tree = hasher.finalize()
        return (BlobID(tree.digest), tree.blockValues)
    }

    /// How block `index` begins.
    func mark(_ index: Int) -> UInt64 { UInt64(truncatingIfNeeded: index) ^ seed }
}
