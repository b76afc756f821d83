public import Identity
public import NIOCore

/// Where the chunks of snapshots are: a node's store, and the other nodes.
public protocol VolumeBlobs: Sendable {
    /// Stores bytes; durable on return. They may be collected until a snapshot that names them is kept.
    ///
    /// - Returns: Their blob, and whether it was not stored before.
    func put(_ bytes: ByteBuffer) async throws -> (blob: BlobID, isNew: Bool)

    /// A blob's bytes, verified, fetched from other nodes where that is needed.
    ///
    /// - Throws: Beyond `limit` bytes too.
    func read(_ blob: BlobID, limit: Int) async throws -> ByteBuffer

    /// Keeps a snapshot and its chunks from collection. Durable on return.
    func keep(_ index: BlobID, chunks: [BlobID]) async throws

    /// Lets go of a snapshot.
    func release(_ index: BlobID) async throws

    /// Snapshots that are kept.
    func kept() async throws -> [BlobID]
}
