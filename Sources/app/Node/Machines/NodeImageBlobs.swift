import Blake3
import BlobStore
import Exchange
import Identity
import Images
import NIOCore

/// Images' layers in a node's store, fetched from other nodes where they are missing.
struct NodeImageBlobs: ImageBlobs {
    let store: BlobStore
    let exchange: Exchange

    func read(_ blob: BlobID) async throws -> ImageParts {
        try await exchange.fetchWhole(blob)
        guard let stat = try store.stat(blob) else {
            throw ImageError(.notFound, "The blob \(blob) went away while it was being read; try again")
        }
        let count = BlockTree.blockCount(byteCount: stat.byteCount)
        let store = store
        return ImageParts {
            var index = 0
            return {
                guard index < count else { return nil }
                defer { index += 1 }
                return try await store.block(blob, index)
            }
        }
    }
}
