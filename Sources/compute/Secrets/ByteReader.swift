import Blake3

/// Reads a list's bytes from the front; nil where they end too early.
struct ByteReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func digest() -> Digest? { take(Digest.byteCount).flatMap { Digest($0) } }

    /// A big-endian number of up to eight bytes.
    mutating func integer(_ count: Int) -> UInt64? { take(count)?.reduce(0) { $0 << 8 | UInt64($1) } }

    /// A text with its length in a byte before it.
    mutating func text() -> String? {
        guard let count = integer(1), let bytes = take(Int(count)) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}
