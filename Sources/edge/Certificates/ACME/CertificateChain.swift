import Crypto
public import Foundation
import SwiftASN1
import X509

/// A certificate chain, without its leaf's private key.
public struct CertificateChain: Sendable, Hashable {
    /// In PEM, the leaf first.
    public let pem: String
    /// When the leaf begins to be valid.
    public let notBefore: Date
    /// When it ends.
    public let notAfter: Date
    /// The names that it is for, in lower case; the first label may be `*`.
    public let names: [String]
    /// Tells leaves apart: the SHA-256 of the leaf in DER.
    public let fingerprint: Data
    let leaf: Certificate

    /// The longest chain, in bytes.
    static let maxBytes = 1 << 17

    /// Reads a chain.
    ///
    /// - Throws: ``CertificateError`` `.badCertificate`.
    public init(pem: String) throws {
        do {
            guard pem.utf8.count <= CertificateChain.maxBytes else {
                throw CertificateError(.badCertificate, "The chain is too long")
            }
            let documents = try PEMDocument.parseMultiple(pemString: pem)
            guard let first = documents.first, documents.count <= ACMELimits.maxChain else {
                throw CertificateError(
                    .badCertificate,
                    "The chain has \(documents.count) certificates; 1 to \(ACMELimits.maxChain) are good")
            }
            leaf = try Certificate(pemDocument: first)
            let alternatives = try leaf.extensions.subjectAlternativeNames
            names = (alternatives ?? SubjectAlternativeNames([])).compactMap {
                if case .dnsName(let name) = $0 { name.lowercased() } else { nil }
            }
            fingerprint = Data(SHA256.hash(data: Data(first.derBytes)))
        } catch let error as CertificateError {
            throw error
        } catch {
            throw CertificateError(.badCertificate, "A certificate cannot be read: \(error)")
        }
        notBefore = leaf.notValidBefore
        notAfter = leaf.notValidAfter
        self.pem = pem
    }

    /// Whether it is for a name, exactly or by a wildcard for one label (RFC 9525, section 6.3).
    public func covers(_ name: String) -> Bool { CertificateChain.covers(name, names) }

    static func covers(_ name: String, _ patterns: [String]) -> Bool {
        patterns.contains { pattern in
            if pattern == name { return true }
            guard pattern.hasPrefix("*."), let dot = name.firstIndex(of: "."), dot != name.startIndex else {
                return false
            }
            return name[dot...] == pattern.dropFirst()
        }
    }

    /// The leaf's name at its authority for renewal information (RFC 9773, section 4.1); nil if its authority gives it none.
    var renewalID: String? {
        guard let issuer = try? leaf.extensions.authorityKeyIdentifier?.keyIdentifier, !issuer.isEmpty else {
            return nil
        }
        var serial = Data(leaf.serialNumber.bytes)
        // As the number stands in the certificate: positive, at least one byte.
        if serial.first ?? 0x80 >= 0x80 { serial.insert(0, at: serial.startIndex) }
        return "\(Base64URL.encode(Data(issuer))).\(Base64URL.encode(serial))"
    }
}
