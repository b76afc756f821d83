import Crypto
public import Foundation
import SwiftASN1
import X509

/// A certificate chain with its leaf's private key.
public struct CertificateMaterial: Sendable, Hashable, Codable {
    /// The chain in PEM, the leaf first.
    public let chainPEM: String
    /// The leaf's key in PEM (PKCS#8).
    public let keyPEM: String
    /// When the leaf begins to be valid.
    public let notBefore: Date
    /// When it ends.
    public let notAfter: Date
    /// The names that it is for, in lower case; the first label may be `*`.
    public let names: [String]

    /// Reads a chain and checks that the key is the leaf's.
    ///
    /// - Throws: ``CertificateError`` `.badCertificate`.
    public init(chainPEM: String, keyPEM: String) throws {
        let chain = try CertificateChain(pem: chainPEM)
        do {
            guard keyPEM.utf8.count <= CertificateMaterial.maxKeyBytes else {
                throw CertificateError(.badCertificate, "The key is too long")
            }
            guard try Certificate.PrivateKey(pemEncoded: keyPEM).publicKey == chain.leaf.publicKey else {
                throw CertificateError(.badCertificate, "The certificate is for another key")
            }
        } catch let error as CertificateError {
            throw error
        } catch {
            throw CertificateError(.badCertificate, "A certificate's key cannot be read: \(error)")
        }
        self.chainPEM = chainPEM
        self.keyPEM = keyPEM
        names = chain.names
        notBefore = chain.notBefore
        notAfter = chain.notAfter
    }

    /// The longest key, in bytes.
    private static let maxKeyBytes = 1 << 14

    /// Whether it is for a name, exactly or by a wildcard for one label (RFC 9525, section 6.3).
    public func covers(_ name: String) -> Bool { CertificateChain.covers(name, names) }

    /// Its chain alone.
    ///
    /// - Throws: ``CertificateError`` `.badCertificate`, for what was not made by ``init(chainPEM:keyPEM:)``.
    public func chain() throws -> CertificateChain { try CertificateChain(pem: chainPEM) }

    /// A certificate signed by its own key, for names that no authority certifies, such as those below `localhost`.
    ///
    /// - Throws: ``CertificateError`` `.badCertificate`.
    public static func selfSigned(for names: [String], now: Date = Date()) throws -> CertificateMaterial {
        do {
            let alternatives = try Certificate.Extension(
                SubjectAlternativeNames(names.map { .dnsName($0) }), critical: false)
            return try selfSigned(
                commonName: names.first ?? "skerry", extensions: [alternatives], now: now, lifetime: 90 * 86_400)
        } catch let error as CertificateError {
            throw error
        } catch {
            throw CertificateError(.badCertificate, "Cannot make a self-signed certificate: \(error)")
        }
    }

    static func selfSigned(
        commonName: String, extensions: [Certificate.Extension], now: Date, lifetime: TimeInterval
    ) throws -> CertificateMaterial {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let name = try DistinguishedName { CommonName(commonName) }
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: key.publicKey, notValidBefore: now - 3_600,
            notValidAfter: now + lifetime, issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions(extensions), issuerPrivateKey: key)
        return try CertificateMaterial(
            chainPEM: try certificate.serializeAsPEM().pemString, keyPEM: try key.serializeAsPEM().pemString)
    }
}
