import Identity
import Manifests
import NIOCore
import NIOHPACK

/// The fields of many answers, such as those with one file, in the forms in which they are sent.
public final class PreparedFields: Sendable {
    /// What decides the fields.
    struct Key: Hashable {
        let blob: BlobID
        /// Nil for a blob that is served under its own id.
        let contentType: String?
        /// The coding of the blob's bytes.
        var encoding: ContentEncoding?
        /// Whether other clients may get other bytes under the same name.
        var varies = false
        /// Whether the content under the name never changes.
        var isImmutable = false
        /// The site's rules for headers. Kept alive by the key, so that their identity stays theirs.
        var headers: SiteHeaders?
        /// Positions of those that hold.
        var matching: [UInt16] = []

        static func == (one: Key, other: Key) -> Bool {
            one.blob == other.blob && one.encoding == other.encoding && one.varies == other.varies
                && one.isImmutable == other.isImmutable && one.headers === other.headers
                && one.matching == other.matching && one.contentType == other.contentType
        }

        /// The blob tells nearly all keys apart.
        func hash(into hasher: inout Hasher) {
            hasher.combine(blob)
            hasher.combine(matching)
        }
    }

    /// The strong tag, with quotes: of these bytes, so that each coding has its own.
    let etag: String
    /// Whether `fields` has a `date`, so that answers need no other one.
    let hasDate: Bool
    let contentType: String
    /// For answers with content.
    let fields: [(name: String, value: String)]
    /// `fields` as field lines.
    let lines: ByteBuffer
    /// `fields` as the header section of an HTTP/2 answer with the status 200.
    let headers: HPACKHeaders
    /// For answers without: what a cache needs to keep its copy.
    let validators: [(name: String, value: String)]
    /// Values of `Link` for an answer before the answer (RFC 8297).
    let hints: [String]

    /// What changes is asked for anew each time, which costs no body.
    static let siteCaching = "public, max-age=0, must-revalidate"
    private static let immutableCaching = "public, max-age=31536000, immutable"
    private static let blobType = "application/octet-stream"
    private static let varyField = "vary"
    private static let varyValue = "accept-encoding"

    init(_ key: Key) {
        let merged = key.headers?.merged(key.matching) ?? SiteHeaders.Merged()
        let isBlob = key.contentType == nil
        let given = merged.fields.last { $0.name == "content-type" }?.value
        hints = merged.hints
        etag = "\"\(key.blob)\""
        contentType = given ?? key.contentType ?? PreparedFields.blobType
        var validators = [("etag", etag)]
        if !merged.replaced.contains("cache-control") {
            let isLasting = isBlob || key.isImmutable
            validators.append(
                ("cache-control", isLasting ? PreparedFields.immutableCaching : PreparedFields.siteCaching))
        }
        if key.varies { validators.append((PreparedFields.varyField, PreparedFields.varyValue)) }
        var fields = validators
        fields.append(("content-type", contentType))
        if let encoding = key.encoding { fields.append(("content-encoding", encoding.rawValue)) }
        fields.append(("accept-ranges", "bytes"))
        if isBlob {
            // Anybody's bytes: they must never run as a page of this origin. Being public, any page may read them.
            fields.append(("x-content-type-options", "nosniff"))
            fields.append(("content-security-policy", "sandbox; default-src 'none'"))
            fields.append(("access-control-allow-origin", "*"))
        }
        for field in merged.fields where field.name != "content-type" {
            fields.append((field.name, field.value))
            // An answer without content refreshes what a cache keeps (RFC 9111 section 4.3.4).
            if field.name == "cache-control" || field.name == PreparedFields.varyField || field.name == "expires" {
                validators.append((field.name, field.value))
            }
        }
        self.validators = validators
        self.fields = fields
        lines = PreparedFields.lines(fields)
        headers = HTTP2AnswerHead.prepared(fields)
        hasDate = false
    }

    /// Any fields.
    ///
    /// - Parameter fields: Names in lower case; names and values checked, so that they can be written as they are.
    public init(_ fields: [(name: String, value: String)]) {
        func first(_ name: String) -> String? { fields.first { $0.name == name }?.value }
        etag = first("etag") ?? ""
        contentType = first("content-type") ?? PreparedFields.blobType
        validators = []
        hints = []
        hasDate = first("date") != nil
        self.fields = fields
        lines = PreparedFields.lines(fields)
        headers = HTTP2AnswerHead.prepared(fields)
    }

    /// The fields as they were given.
    public var pairs: [(name: String, value: String)] { fields }

    private static func lines(_ fields: [(name: String, value: String)]) -> ByteBuffer {
        var lines = ByteBuffer()
        for (name, value) in fields { HTTP1Encoder.write(name, value, to: &lines) }
        return lines
    }

    /// The fields for an answer that shows the content in another's place: it is not what was asked for, so that nothing
    /// may be compared with it, kept or asked for in part.
    var standIn: [(name: String, value: String)] {
        fields.filter { !["etag", "accept-ranges", "cache-control"].contains($0.name) }
            + [("cache-control", PreparedFields.siteCaching)]
    }
}
