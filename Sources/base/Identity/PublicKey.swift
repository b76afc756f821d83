import Blake3
public import Foundation

import enum Crypto.Curve25519

/// An Ed25519 public key (RFC 8032), 32 bytes.
public struct PublicKey: Hashable, Sendable, CustomStringConvertible {
    /// The length of the raw form.
    public static let byteCount = 32

    /// The raw form.
    public let bytes: Data

    /// Nil unless `bytes` are 32 bytes that the crypto library accepts as a key.
    public init?(_ bytes: Data) {
        guard bytes.count == PublicKey.byteCount,
            (try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)) != nil
        else { return nil }
        self.bytes = Data(bytes)
    }

    /// Nil unless `hex` is 64 hexadecimal digits of a valid key.
    public init?(hex: String) {
        guard let digest = Digest(hex: hex) else { return nil }
        self.init(Data(digest.bytes))
    }

    init(_ key: Curve25519.Signing.PublicKey) { bytes = key.rawRepresentation }

    /// 64 lower-case hexadecimal digits.
    public var description: String { Digest(bytes)?.hex ?? "" }

    /// The account that this key controls.
    public var account: AccountID { AccountID(self) }

    /// The node that this key identifies.
    public var node: NodeID { NodeID(self) }

    /// Whether `signature` is this key's over exactly `message`. Any bytes are allowed.
    public func isValidSignature(_ signature: Data, for message: Data) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else { return false }
        return key.isValidSignature(signature, for: message)
    }

    func hashed(context: String) -> Digest {
        bytes.withUnsafeBytes { Blake3.deriveKey(context: context, $0) }
    }
}
