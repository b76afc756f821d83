/// A content coding in which a site keeps files ready (RFC 9110 section 8.4.1).
public enum ContentEncoding: String, Sendable, Hashable, CaseIterable {
    /// Brotli (RFC 7932)
    case brotli = "br"
    /// gzip (RFC 1952)
    case gzip
    /// Zstandard (RFC 8878)
    case zstd

    /// The ending of a file that holds another one's content in this coding, with its dot.
    public var fileExtension: String {
        switch self {
        case .brotli: ".br"
        case .gzip: ".gz"
        case .zstd: ".zst"
        }
    }
}
