import Identity
import Images
import NIOCore

/// A node's store, as the place where imported images go.
struct NodeImageStore: ImageDestination {
    let client: NodeClient

    func missing(_ blobs: [BlobID]) async throws -> Set<BlobID> { Set(try await client.missing(blobs)) }

    func store(_ blob: BlobID, byteCount: Int, _ parts: ImageParts) async throws {
        _ = try await client.upload(blob, parts, byteCount: byteCount)
    }
}
