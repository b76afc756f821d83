import Crypto
import Foundation
import SwiftASN1
import X509

/// A new key and the request to certify it (RFC 2986).
struct SigningRequest {
    let keyPEM: String
    /// In DER.
    let bytes: Data

    init(for names: [String]) throws {
        do {
            let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
            let extensions = try Certificate.Extensions {
                SubjectAlternativeNames(names.map { .dnsName($0) })
            }
            let request = try CertificateSigningRequest(
                version: .v1, subject: DistinguishedName(), privateKey: key,
                attributes: .init([.init(ExtensionRequest(extensions: extensions))]),
                signatureAlgorithm: .ecdsaWithSHA256)
            var serializer = DER.Serializer()
            try serializer.serialize(request)
            bytes = Data(serializer.serializedBytes)
            keyPEM = try key.serializeAsPEM().pemString
        } catch {
            throw CertificateError(.badCertificate, "Cannot make a request for a certificate: \(error)")
        }
    }
}
