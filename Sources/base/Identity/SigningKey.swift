import Crypto
public import Foundation

/// An Ed25519 private key (RFC 8032) of a node or an account.
public struct SigningKey: Sendable {
    /// The key in the crypto library's own type.
    let key: Curve25519.Signing.PrivateKey

    /// The public half.
    public let publicKey: PublicKey

    /// A new key from the system's random generator.
    public init() { self.init(Curve25519.Signing.PrivateKey()) }

    /// Reads a 32-byte seed; throws what the crypto library throws for any other length.
    public init(rawRepresentation: Data) throws {
        self.init(try Curve25519.Signing.PrivateKey(rawRepresentation: rawRepresentation))
    }

    init(_ key: Curve25519.Signing.PrivateKey) {
        self.key = key
        publicKey = PublicKey(key.publicKey)
    }

    /// The 32-byte seed. Write it nowhere but into a key file.
    public var rawRepresentation: Data { key.rawRepresentation }

    /// A 64-byte signature over `message`.
    public func sign(_ message: Data) throws -> Data { try key.signature(for: message) }
}
