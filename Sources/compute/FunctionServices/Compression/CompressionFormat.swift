/// The formats of the Compression standard.
enum CompressionFormat: String, Codable, Sendable {
    /// RFC 1952, one member.
    case gzip
    /// RFC 1950.
    case deflate
    /// RFC 1951.
    case deflateRaw = "deflate-raw"

    /// What zlib takes as window size: 32 KiB, and the format in the sign or behind it.
    var windowBits: CInt {
        switch self {
        case .gzip: 15 + 16
        case .deflate: 15
        case .deflateRaw: -15
        }
    }
}
