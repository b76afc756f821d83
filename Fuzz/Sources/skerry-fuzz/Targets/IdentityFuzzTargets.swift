import Blake3
import Identity

/// Decoders of names and certificates. A target takes any bytes and says what was read wrongly; nil if nothing was.
enum IdentityFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] {
        ["certificate": certificate, "blob-id": blobID, "node-id": nodeID]
    }

    private static func certificate(_ input: [UInt8]) -> String? {
        guard let key = try? NodeCertificate.publicKey(inDER: input) else { return nil }
        return PublicKey(key.bytes) == key ? nil : "a certificate gives a key that is none"
    }

    private static func blobID(_ input: [UInt8]) -> String? {
        let text = String(decoding: input, as: UTF8.self)
        guard let id = BlobID(text) else { return nil }
        return BlobID(id.description) == id ? nil : "\(id) is read as another blob"
    }

    private static func nodeID(_ input: [UInt8]) -> String? {
        let text = String(decoding: input, as: UTF8.self)
        guard let id = NodeID(text) else { return nil }
        return id.description == text.lowercased() ? nil : "\(text) is read as \(id)"
    }
}
