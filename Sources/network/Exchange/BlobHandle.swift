import Blake3
import BlobStore
public import Identity
public import NIOCore

/// A blob that can be read block by block, wherever it is: here, or on its way from peers.
public final class BlobHandle: Sendable {
    enum Source: Sendable {
        case stored(BlobStore)
        /// The fetch, and this handle's number among its readers.
        case fetch(BlobFetch, reader: Int)
    }

    /// The blob's id: the root of its blocks' values.
    public let id: BlobID
    /// The size in bytes, authenticated by the blob's id.
    public let byteCount: Int
    let source: Source
    private let onClose: @Sendable () -> Void

    init(id: BlobID, byteCount: Int, source: Source, onClose: @escaping @Sendable () -> Void) {
        self.id = id
        self.byteCount = byteCount
        self.source = source
        self.onClose = onClose
    }

    deinit { onClose() }

    /// The number of 256 KiB blocks, at least 1.
    public var blockCount: Int { BlockTree.blockCount(byteCount: byteCount) }

    /// Says which bytes will be read, so that they are fetched ahead and in order, so far ahead of the block read last as
    /// ``ExchangeSettings/readAheadBytes`` says. Nothing else is fetched. What is outside the blob is ignored.
    public func demand(_ bytes: Range<Int>) { demand(bytes, isPaced: true) }

    func demand(_ bytes: Range<Int>, isPaced: Bool) {
        let bytes = bytes.clamped(to: 0..<byteCount)
        guard case .fetch(let fetch, let reader) = source, !bytes.isEmpty else { return }
        let block = BlockTree.blockByteCount
        fetch.demand(
            bytes.lowerBound / block..<(bytes.upperBound - 1) / block + 1, reader: reader, isPaced: isPaced)
    }

    /// Block `index`, verified. Completes on `eventLoop`; fails with an ``ExchangeError`` or a store's error, such as
    /// `blob/bad-block` for an index outside the blob.
    public func block(_ index: Int, on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer> {
        switch source {
        case .stored(let store): store.block(id, index, on: eventLoop)
        case .fetch(let fetch, let reader): fetch.block(index, reader: reader, on: eventLoop)
        }
    }

    /// How far the blob is here, and who delivers it.
    public var progress: FetchProgress {
        switch source {
        case .stored:
            FetchProgress(byteCount: byteCount, blockCount: blockCount, heldBlocks: blockCount, providers: [])
        case .fetch(let fetch, _): fetch.progress
        }
    }
}
