import Crypto

/// A SHA-256 digest as images name things: `sha256:` and 64 lower-case hexadecimal digits (OCI Image 1.1, "Digests").
///
/// The specification knows other algorithms; images that use them are refused.
public struct ImageDigest: Hashable, Sendable, Comparable, LosslessStringConvertible, Codable {
    /// Bytes of a digest.
    public static let byteCount = 32
    private static let prefix = "sha256:"

    /// 32 bytes.
    public let bytes: [UInt8]

    /// From 32 bytes; nil for any other number.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = Array(bytes)
    }

    /// From the text form only; nil for anything else, upper-case digits too.
    public init?(_ description: String) {
        guard description.hasPrefix(Self.prefix) else { return nil }
        let digits = description.utf8.dropFirst(Self.prefix.utf8.count)
        guard digits.count == 2 * Self.byteCount else { return nil }
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in digits {
            guard let value = Self.value(digit) else { return nil }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        self.bytes = bytes
    }

    /// The digest of bytes.
    public init(hashing bytes: some Sequence<UInt8>) {
        self.bytes = Array(SHA256.hash(data: Array(bytes)))
    }

    init(_ digest: SHA256.Digest) { bytes = Array(digest) }

    /// - Throws: ``ImageError`` `.badDigest`, which names the place.
    init(_ text: String, at place: String) throws(ImageError) {
        guard let digest = ImageDigest(text) else {
            throw ImageError(
                .badDigest, "\(place) is \"\(text.prefix(100))\", not sha256: and 64 lower-case hexadecimal digits")
        }
        self = digest
    }

    /// 64 lower-case hexadecimal digits.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// `sha256:` and the digits.
    public var description: String { Self.prefix + hex }

    /// In the order of the bytes.
    public static func < (left: ImageDigest, right: ImageDigest) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }

    /// From the text form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let digest = ImageDigest(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no sha256 digest")
        }
        self = digest
    }

    /// As the text form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
