/// What a document says of a blob that it names (OCI Image 1.1, "Content Descriptors").
struct ImageDescriptor: Hashable, Sendable {
    var mediaType: String
    var digest: ImageDigest
    /// In bytes.
    var size: Int
    var platform: Platform?
    var annotations: [String: String]

    struct Platform: Hashable, Sendable, Decodable {
        var os: String
        var architecture: String
        var variant: String?
    }

    /// A descriptor as JSON has it.
    struct Raw: Decodable {
        var mediaType: String
        var digest: String
        var size: Int64
        var platform: Platform?
        var annotations: [String: String]?
    }

    init(mediaType: String, digest: ImageDigest, size: Int) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        annotations = [:]
    }

    /// - Parameters:
    ///   - place: Names it in messages.
    ///   - limit: The largest blob, in bytes.
    init(_ raw: Raw, at place: String, limit: Int) throws(ImageError) {
        guard (1...ImageLimits.maxMediaTypeBytes).contains(raw.mediaType.utf8.count),
            raw.mediaType.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { throw ImageError(.badDocument, "\(place).mediaType is no media type") }
        guard raw.size >= 0 else { throw ImageError(.badDocument, "\(place).size is negative") }
        guard raw.size <= Int64(limit) else {
            throw ImageError(.tooLarge, "\(place).size is \(raw.size) bytes; the limit is \(limit)")
        }
        mediaType = raw.mediaType
        digest = try ImageDigest(raw.digest, at: "\(place).digest")
        size = Int(raw.size)
        platform = raw.platform
        annotations = raw.annotations ?? [:]
    }

    /// The name that a layout gives an image.
    var referenceName: String? { annotations["org.opencontainers.image.ref.name"] }
}
