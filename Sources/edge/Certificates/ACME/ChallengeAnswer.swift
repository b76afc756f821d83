import Crypto
public import Foundation
import SwiftASN1
import X509

/// What a node must answer while a certificate authority looks at a name: the same for both challenges.
public struct ChallengeAnswer: Sendable, Hashable, Codable {
    /// The name that is looked at.
    public let domain: String
    /// In the path of HTTP-01 (RFC 8555, section 8.3).
    public let token: String
    /// The body of HTTP-01; its hash stands in the certificate of TLS-ALPN-01.
    public let keyAuthorization: String

    public init(domain: String, token: String, keyAuthorization: String) {
        self.domain = domain
        self.token = token
        self.keyAuthorization = keyAuthorization
    }

    /// Whether the parts have the form that they must have; they may come from another node.
    public var isWellFormed: Bool {
        Base64URL.isToken(token) && keyAuthorization.hasPrefix(token + ".") && keyAuthorization.utf8.count <= 512
            && domain.utf8.count <= 253
    }

    private static let challengeOID: ASN1ObjectIdentifier = [1, 3, 6, 1, 5, 5, 7, 1, 31]

    /// The certificate of TLS-ALPN-01 (RFC 8737, section 3), signed by its own new key.
    ///
    /// - Throws: ``CertificateError`` `.badCertificate`.
    public func certificate(now: Date = Date()) throws -> CertificateMaterial {
        do {
            let digest = SHA256.hash(data: Data(keyAuthorization.utf8))
            var serializer = DER.Serializer()
            try serializer.serialize(ASN1OctetString(contentBytes: Array(digest)[...]))
            let proof = Certificate.Extension(
                oid: ChallengeAnswer.challengeOID, critical: true, value: serializer.serializedBytes[...])
            let names = try Certificate.Extension(
                SubjectAlternativeNames([.dnsName(domain)]), critical: true)
            return try CertificateMaterial.selfSigned(
                commonName: "acme challenge", extensions: [names, proof], now: now, lifetime: 86_400)
        } catch let error as CertificateError {
            throw error
        } catch {
            throw CertificateError(.badCertificate, "Cannot make the certificate of a challenge: \(error)")
        }
    }
}
