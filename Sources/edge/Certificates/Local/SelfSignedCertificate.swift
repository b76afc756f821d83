import Crypto
public import Foundation
import SwiftASN1
import X509

/// A certificate that nobody vouches for, with which a node speaks TLS under `localhost` and the names below it: for
/// development, where a browser asks once or a tool is told to look away.
public struct SelfSignedCertificate: Sendable {
    /// The certificate in PEM.
    public let certificatePEM: String
    /// Its ECDSA P-256 key in PEM (PKCS#8); browsers do not take Ed25519.
    public let keyPEM: String

    /// How long before now it begins, for clients with a slow clock.
    private static let backdate: TimeInterval = 86_400
    /// What browsers accept at most is 398 days.
    public static let lifetime: TimeInterval = 397 * 86_400

    /// Makes a key and a certificate for `names`, of which the first label may be `*`.
    ///
    /// - Throws: What the library throws for a name that no certificate can hold.
    public init(names: [String], now: Date = Date()) throws {
        let key = P256.Signing.PrivateKey()
        let issuer = Certificate.PrivateKey(key)
        let subject = try DistinguishedName { CommonName("skerry local") }
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: issuer.publicKey,
            notValidBefore: now - SelfSignedCertificate.backdate,
            notValidAfter: now + SelfSignedCertificate.lifetime - SelfSignedCertificate.backdate,
            issuer: subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(names.map { .dnsName($0) })
            },
            issuerPrivateKey: issuer)
        certificatePEM = try certificate.serializeAsPEM().pemString
        keyPEM = key.pemRepresentation
    }
}
