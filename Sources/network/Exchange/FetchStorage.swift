import BlobStore
import NIOCore

/// Where the blocks of a fetch go.
enum FetchStorage: Sendable {
    /// Into the store, which keeps them over a restart.
    case assembly(BlobAssembly)
    /// Into a ``BlockWindow``, and to whoever reads them.
    case memory
}

/// Verified blocks that wait in memory for their reader.
struct BlockWindow: Sendable {
    private let maxCount: Int
    private var blocks: [Int: ByteBuffer] = [:]
    private var order: [Int] = []

    /// - Parameter maxCount: Blocks at most; at least 1.
    init(maxCount: Int) { self.maxCount = max(1, maxCount) }

    var count: Int { blocks.count }

    /// Keeps a block; beyond the limit the one that waited longest goes.
    mutating func insert(_ index: Int, _ bytes: ByteBuffer) {
        if blocks.updateValue(bytes, forKey: index) == nil { order.append(index) }
        if order.count > maxCount { blocks[order.removeFirst()] = nil }
    }

    /// Hands a block out, once.
    mutating func take(_ index: Int) -> ByteBuffer? {
        guard let bytes = blocks.removeValue(forKey: index) else { return nil }
        order.removeAll { $0 == index }
        return bytes
    }
}
