import Crypto
public import Foundation
import SwiftASN1
import X509

/// A self-signed Ed25519 certificate for mutual TLS between nodes.
///
/// Nothing in it is trusted but the key: the node's id is the key's hash, and the ledger says who takes part.
public struct NodeCertificate: Sendable {
    /// The certificate in DER.
    public let certificateDER: Data
    /// The private key in PEM (PKCS#8).
    public let privateKeyPEM: String

    /// How long before now the certificate begins, so that peers with a slow clock accept it.
    private static let backdate: TimeInterval = 86_400
    /// A node makes a new certificate at each start; ten years outlives any run.
    private static let lifetime: TimeInterval = 10 * 365 * 86_400

    /// Makes a certificate for `key`.
    ///
    /// - Throws: ``IdentityError`` if the library refuses the key.
    public init(_ key: SigningKey, now: Date = Date()) throws {
        do {
            let issuer = Certificate.PrivateKey(key.key)
            let name = try DistinguishedName { CommonName("skerry node \(key.publicKey.node.short)") }
            let certificate = try Certificate(
                version: .v3, serialNumber: .init(), publicKey: issuer.publicKey,
                notValidBefore: now - NodeCertificate.backdate, notValidAfter: now + NodeCertificate.lifetime,
                issuer: name, subject: name, signatureAlgorithm: .ed25519,
                extensions: try Certificate.Extensions { Critical(BasicConstraints.notCertificateAuthority) },
                issuerPrivateKey: issuer)
            var serializer = DER.Serializer()
            try serializer.serialize(certificate)
            certificateDER = Data(serializer.serializedBytes)
            privateKeyPEM = try issuer.serializeAsPEM().pemString
        } catch {
            throw IdentityError(.badCertificate, "Cannot make a node certificate: \(error)")
        }
    }

    /// The key in a DER certificate that a peer presented during the TLS handshake.
    ///
    /// The handshake itself proves that the peer holds the private half.
    ///
    /// - Throws: ``IdentityError`` if the bytes are no certificate or hold another kind of key.
    public static func publicKey(inDER bytes: [UInt8]) throws -> PublicKey {
        guard let certificate = try? Certificate(derEncoded: bytes),
            let key = Curve25519.Signing.PublicKey(certificate.publicKey)
        else { throw IdentityError(.badCertificate, "The peer's certificate holds no Ed25519 key") }
        return PublicKey(key)
    }
}
