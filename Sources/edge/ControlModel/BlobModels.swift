/// A stored blob: `GET /api/v1/blobs/<id>` and the answer to an upload.
public struct BlobInfo: Codable, Sendable, Equatable {
    /// The CIDv1.
    public var id: String
    /// The digest as `b3sum` prints it.
    public var hex: String
    public var byteCount: Int
    /// 256 KiB blocks.
    public var blockCount: Int

    public init(id: String, hex: String, byteCount: Int, blockCount: Int) {
        self.id = id
        self.hex = hex
        self.byteCount = byteCount
        self.blockCount = blockCount
    }
}

/// Blob ids: the body of `POST /api/v1/blobs/missing` and its answer, those that the node lacks.
public struct BlobList: Codable, Sendable, Equatable {
    /// Ids in one request at most.
    public static let maxCount = 10_000

    /// CIDs or 64-digit hexadecimal forms.
    public var blobs: [String]

    public init(blobs: [String]) { self.blobs = blobs }
}
