import Blake3
public import Identity

/// One release of a name: 10 characters of Crockford's base32 in lower case (no i, l, o or u), 50 bits.
///
/// It is derived from what was published, so the client knows it before the ledger answers. Unique within its name.
public struct ReleaseID: Hashable, Sendable, Comparable, LosslessStringConvertible {
    /// The length of an id in characters.
    public static let characterCount = 10

    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    public let description: String

    /// Nil unless `text` is 10 characters of the alphabet.
    public init?(_ text: String) {
        guard text.utf8.count == ReleaseID.characterCount, text.utf8.allSatisfy(ReleaseID.alphabet.contains) else {
            return nil
        }
        description = text
    }

    /// The id of the release that `publisher`'s transaction `nonce` makes of `manifest` under `name`.
    public init(name: AppName, manifest: BlobID, publisher: AccountID, nonce: UInt64) {
        var encoder = RowEncoder()
        encoder.append(name.description)
        encoder.append(manifest.digest)
        encoder.append(publisher.digest)
        encoder.append(nonce)
        let hash = LedgerHash.release(encoder.bytes).bytes
        var bits = hash.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        var characters: [UInt8] = []
        for _ in 0..<ReleaseID.characterCount {
            characters.append(ReleaseID.alphabet[Int(bits >> 59)])
            bits <<= 5
        }
        description = String(decoding: characters, as: UTF8.self)
    }

    public static func < (left: ReleaseID, right: ReleaseID) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }
}
