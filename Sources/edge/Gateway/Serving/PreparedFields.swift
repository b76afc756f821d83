import Identity
import NIOCore

/// The fields of one file's answers, in the form in which HTTP/1.1 sends them.
final class PreparedFields: Sendable {
    /// What decides the fields.
    struct Key: Hashable {
        let blob: BlobID
        /// Nil for a blob that is served under its own id.
        let contentType: String?
    }

    /// The strong tag, with quotes.
    let etag: String
    let contentType: String
    /// For answers with content.
    let fields: [(name: String, value: String)]
    /// `fields` as field lines.
    let lines: ByteBuffer
    /// For answers without: what a cache needs to keep its copy.
    let validators: [(name: String, value: String)]

    private static let siteCaching = "public, max-age=0, must-revalidate"
    private static let blobCaching = "public, max-age=31536000, immutable"
    private static let blobType = "application/octet-stream"

    init(_ key: Key) {
        etag = "\"\(key.blob)\""
        let isBlob = key.contentType == nil
        contentType = key.contentType ?? PreparedFields.blobType
        validators = [
            ("etag", etag),
            ("cache-control", isBlob ? PreparedFields.blobCaching : PreparedFields.siteCaching),
        ]
        var fields = validators
        fields.append(("content-type", contentType))
        fields.append(("accept-ranges", "bytes"))
        if isBlob {
            // Anybody's bytes: they must never run as a page of this origin. Being public, any page may read them.
            fields.append(("x-content-type-options", "nosniff"))
            fields.append(("content-security-policy", "sandbox; default-src 'none'"))
            fields.append(("access-control-allow-origin", "*"))
        }
        var lines = ByteBuffer()
        for (name, value) in fields { HTTP1Encoder.write(name, value, to: &lines) }
        self.fields = fields
        self.lines = lines
    }
}
