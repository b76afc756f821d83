public import Blake3

/// The name of an immutable blob: the BLAKE3 digest of its bytes.
///
/// Printed as a CIDv1 (multibase `b`, codec `raw` 0x55, multihash `blake3` 0x1e, 32 bytes); the 64-digit hexadecimal
/// form that `b3sum` prints is read everywhere too.
public struct BlobID: Hashable, Sendable, Comparable, LosslessStringConvertible {
    /// The digest of the blob's bytes.
    public let digest: Digest

    /// version 1, codec raw, hash function blake3, digest length 32
    private static let cidPrefix: [UInt8] = [0x01, 0x55, 0x1e, 0x20]

    public init(_ digest: Digest) { self.digest = digest }

    /// Reads a CIDv1 in lower-case base32, or 64 hexadecimal digits; nil for anything else.
    public init?(_ text: String) {
        if text.utf8.count == 2 * Digest.byteCount, let digest = Digest(hex: text) {
            self.digest = digest
            return
        }
        guard text.utf8.first == UInt8(ascii: "b"), let bytes = Base32.decode(text.dropFirst()),
            bytes.starts(with: BlobID.cidPrefix), let digest = Digest(bytes.dropFirst(BlobID.cidPrefix.count))
        else { return nil }
        self.digest = digest
    }

    /// The CIDv1.
    public var description: String { "b" + Base32.encode(BlobID.cidPrefix + digest.bytes) }

    /// 64 lower-case hexadecimal digits, as `b3sum` prints them.
    public var hex: String { digest.hex }

    public static func < (left: BlobID, right: BlobID) -> Bool { left.digest < right.digest }
}
