import Identity
import NIOCore

/// What a store keeps in memory, with the rule that nothing read before a deletion is remembered after it.
struct StoreMemory: Sendable {
    struct BlockKey: Hashable, Sendable {
        let id: BlobID
        let index: Int
    }

    struct HotBlock: Sendable {
        let bytes: ByteBuffer
        /// Whether this block is all of its blob.
        let isWhole: Bool
    }

    /// Allowance for the bookkeeping of a block, so that many tiny ones do not outgrow the limit.
    private static let blockOverheadBytes = 256

    private var stats: CostCache<BlobID, BlobStat>
    private var open: CostCache<BlobID, OpenBlob>
    private var hot: CostCache<BlockKey, HotBlock>
    /// Number of deletions so far.
    private(set) var generation: UInt64 = 0

    init(_ settings: BlobStore.Settings) {
        stats = CostCache(limit: max(0, settings.statCount))
        open = CostCache(limit: max(0, settings.openFileBytes), maxCount: max(0, settings.openFileCount))
        hot = CostCache(limit: max(0, settings.hotBytes))
    }

    mutating func stat(_ id: BlobID) -> BlobStat? { stats.use(id) }
    mutating func openBlob(_ id: BlobID) -> OpenBlob? { open.use(id) }
    mutating func hotBlock(_ id: BlobID, _ index: Int) -> HotBlock? { hot.use(BlockKey(id: id, index: index)) }

    mutating func remember(_ stat: BlobStat, generation: UInt64) {
        if generation == self.generation { stats.insert(stat.id, stat, cost: 1) }
    }

    mutating func remember(_ blob: OpenBlob, generation: UInt64) {
        if generation == self.generation { open.insert(blob.stat.id, blob, cost: blob.cost) }
    }

    mutating func remember(_ bytes: ByteBuffer, _ stat: BlobStat, _ index: Int, generation: UInt64) {
        guard generation == self.generation else { return }
        hot.insert(
            BlockKey(id: stat.id, index: index), HotBlock(bytes: bytes, isWhole: stat.blockCount == 1),
            cost: bytes.readableBytes + Self.blockOverheadBytes)
    }

    mutating func apply(_ effects: [BlobIndex.Effect]) {
        for effect in effects {
            switch effect {
            case .inserted(let stat): stats.insert(stat.id, stat, cost: 1)
            case .deleted(let stat): forget(stat)
            case .other: break
            }
        }
    }

    /// Drops everything about a blob, and what is being read of any blob right now.
    mutating func forget(_ stat: BlobStat) {
        generation += 1
        stats.remove(stat.id)
        open.remove(stat.id)
        for index in 0..<stat.blockCount { hot.remove(BlockKey(id: stat.id, index: index)) }
    }

    mutating func forgetEverything() {
        generation += 1
        stats.removeAll()
        open.removeAll()
        hot.removeAll()
    }
}
