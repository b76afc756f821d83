public import Identity

/// A layer of a stored image.
public struct StoredLayer: Sendable, Hashable, Codable {
    /// The blob with the layer as it was transferred.
    public var blob: BlobID
    /// SHA-256 of that.
    public var digest: ImageDigest
    /// SHA-256 of the tar in it.
    public var diffID: ImageDigest
    /// How the tar is packed, as the manifest says.
    public var mediaType: String
    /// Of the blob, in bytes.
    public var byteCount: Int

    /// A layer with these names.
    public init(blob: BlobID, digest: ImageDigest, diffID: ImageDigest, mediaType: String, byteCount: Int) {
        self.blob = blob
        self.digest = digest
        self.diffID = diffID
        self.mediaType = mediaType
        self.byteCount = byteCount
    }

    private enum CodingKeys: String, CodingKey { case blob, digest, diffID, mediaType, byteCount }

    /// From what ``encode(to:)`` writes.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        guard let blob = BlobID(try container.decode(String.self, forKey: .blob)) else {
            throw DecodingError.dataCorruptedError(forKey: .blob, in: container, debugDescription: "no blob id")
        }
        self.blob = blob
        digest = try container.decode(ImageDigest.self, forKey: .digest)
        diffID = try container.decode(ImageDigest.self, forKey: .diffID)
        mediaType = try container.decode(String.self, forKey: .mediaType)
        byteCount = try container.decode(Int.self, forKey: .byteCount)
    }

    /// Ids and digests as their texts.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(blob.description, forKey: .blob)
        try container.encode(digest, forKey: .digest)
        try container.encode(diffID, forKey: .diffID)
        try container.encode(mediaType, forKey: .mediaType)
        try container.encode(byteCount, forKey: .byteCount)
    }
}
