import Blake3
import BlobStore
import Exchange
import Identity
import NIOCore
import Volumes

/// The node's store, and the other nodes, as snapshots of volumes use them.
struct NodeVolumeBlobs: VolumeBlobs {
    let store: BlobStore
    let exchange: Exchange
    /// Who keeps them: what the node's own volumes need goes apart from copies for others.
    let owner: PinOwner

    func put(_ bytes: ByteBuffer) async throws -> (blob: BlobID, isNew: Bool) {
        let isNew = try !store.contains(BlobID(bytes.withUnsafeReadableBytes { Blake3.hash($0) }))
        // Also what is there: that makes it the last that is evicted until the snapshot is kept.
        return (try await store.put(bytes), isNew)
    }

    func read(_ blob: BlobID, limit: Int) async throws -> ByteBuffer {
        try await exchange.fetchWhole(blob, limit: limit)
        return try await store.readAll(blob, limit: limit)
    }

    func keep(_ index: BlobID, chunks: [BlobID]) async throws {
        // Named first: what is named by nothing may be collected.
        try await store.setReferences(of: index, to: chunks)
        try await store.pin([index], by: owner)
    }

    func release(_ index: BlobID) async throws {
        _ = try await store.unpin([index], by: owner)
    }

    func kept() async throws -> [BlobID] { try store.pinned(by: owner, limit: .max) }
}
