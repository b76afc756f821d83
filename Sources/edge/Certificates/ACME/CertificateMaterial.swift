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

    /// The longest chain, in bytes.
    static let maxChainBytes = 1 << 17

    /// Reads a chain and checks that the key is the leaf's.
    ///
    /// - Throws: ``CertificateError`` `.badCertificate`.
    public init(chainPEM: String, keyPEM: String) throws {
        do {
            guard chainPEM.utf8.count <= CertificateMaterial.maxChainBytes, keyPEM.utf8.count <= 1 << 14 else {
                throw CertificateError(.badCertificate, "The chain is too long")
            }
            let documents = try PEMDocument.parseMultiple(pemString: chainPEM)
            guard let first = documents.first, documents.count <= ACMELimits.maxChain else {
                throw CertificateError(
                    .badCertificate,
                    "The chain has \(documents.count) certificates; 1 to \(ACMELimits.maxChain) are good")
            }
            let leaf = try Certificate(pemDocument: first)
            let key = try Certificate.PrivateKey(pemEncoded: keyPEM)
            guard key.publicKey == leaf.publicKey else {
                throw CertificateError(.badCertificate, "The certificate is for another key")
            }
            let alternatives = try leaf.extensions.subjectAlternativeNames
            names = (alternatives ?? SubjectAlternativeNames([])).compactMap {
                if case .dnsName(let name) = $0 { name.lowercased() } else { nil }
            }
            notBefore = leaf.notValidBefore
            notAfter = leaf.notValidAfter
        } catch let error as CertificateError {
            throw error
        } catch {
            throw CertificateError(.badCertificate, "A certificate or its key cannot be read: \(error)")
        }
        self.chainPEM = chainPEM
        self.keyPEM = keyPEM
    }

    /// Whether it is for a name, exactly or by a wildcard for one label (RFC 9525, section 6.3).
    public func covers(_ name: String) -> Bool {
        names.contains { pattern in
            if pattern == name { return true }
            guard pattern.hasPrefix("*."), let dot = name.firstIndex(of: "."), dot != name.startIndex else {
                return false
            }
            return name[dot...] == pattern.dropFirst()
        }
    }

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
