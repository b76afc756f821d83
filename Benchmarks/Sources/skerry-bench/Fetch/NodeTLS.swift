import Crypto
import Foundation
import Identity
import NIOCore
import NIOSSL
import SwiftASN1
import X509

/// Mutual TLS 1.3 with nodes' certificates, as `Peering` configures it, for the peers of the exchange.
struct NodeTLS: Sendable {
    let context: NIOSSLContext
    private let expected: PublicKey

    /// - Parameter expected: The only key that is accepted from the other side.
    init(key: SigningKey, expected: PublicKey) throws {
        let certificate = try NodeCertificate(key)
        let leaf = try NIOSSLCertificate(bytes: Array(certificate.certificateDER), format: .der)
        let privateKey = try NIOSSLPrivateKey(bytes: Array(certificate.privateKeyPEM.utf8), format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: [.certificate(leaf)], privateKey: .privateKey(privateKey))
        configuration.minimumTLSVersion = .tlsv13
        configuration.certificateVerification = .noHostnameVerification
        configuration.signingSignatureAlgorithms = [.ed25519]
        configuration.verifySignatureAlgorithms = [.ed25519]
        configuration.trustRoots = .certificates([])
        context = try NIOSSLContext(configuration: configuration)
        self.expected = expected
    }

    func clientHandler() throws -> NIOSSLClientHandler {
        try NIOSSLClientHandler(context: context, serverHostname: nil) { self.verify($0, $1) }
    }

    func serverHandler() -> NIOSSLServerHandler {
        NIOSSLServerHandler(context: context) { self.verify($0, $1) }
    }

    private func verify(_ chain: [NIOSSLCertificate], _ promise: EventLoopPromise<NIOSSLVerificationResult>) {
        let key = (chain.first).flatMap { try? $0.toDERBytes() }.flatMap { try? NodeCertificate.publicKey(inDER: $0) }
        promise.succeed(key == expected ? .certificateVerified : .failed)
    }
}

/// A self-signed P-256 certificate: gRPC's transport lets nobody choose Ed25519. The bytes that follow the handshake are
/// encrypted in the same way.
struct PlainCertificate {
    let certificateDER: [UInt8]
    let privateKeyDER: [UInt8]

    init() throws {
        let key = P256.Signing.PrivateKey()
        let issuer = Certificate.PrivateKey(key)
        let name = try DistinguishedName { CommonName("localhost") }
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: issuer.publicKey,
            notValidBefore: Date() - 86_400, notValidAfter: Date() + 86_400, issuer: name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA256, extensions: .init(), issuerPrivateKey: issuer)
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        certificateDER = serializer.serializedBytes
        privateKeyDER = Array(key.derRepresentation)
    }
}
