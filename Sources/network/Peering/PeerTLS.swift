import Identity
import NIOCore
import NIOSSL

/// Mutual TLS 1.3 between nodes: both sides show a self-signed Ed25519 certificate, and only its key counts.
struct PeerTLS: Sendable {
    /// How long the end of a connection waits for the other side's farewell before the socket is closed.
    private static let shutdownTimeout = TimeAmount.seconds(1)

    private let context: NIOSSLContext

    init(_ certificate: NodeCertificate) throws {
        let leaf = try NIOSSLCertificate(bytes: Array(certificate.certificateDER), format: .der)
        let key = try NIOSSLPrivateKey(bytes: Array(certificate.privateKeyPEM.utf8), format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: [.certificate(leaf)], privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv13
        configuration.maximumTLSVersion = .tlsv13
        // The verification itself is the callback of `handler`: it checks the key, the only thing that is trusted.
        configuration.certificateVerification = .noHostnameVerification
        configuration.signingSignatureAlgorithms = [.ed25519]
        configuration.verifySignatureAlgorithms = [.ed25519]
        configuration.trustRoots = .certificates([])
        configuration.applicationProtocols = ["skerry/1"]
        configuration.shutdownTimeout = PeerTLS.shutdownTimeout
        context = try NIOSSLContext(configuration: configuration)
    }

    /// A handler for the dialling side that accepts the peer's key when `accept` does.
    func clientHandler(accept: @escaping @Sendable (PublicKey) -> Bool) throws -> NIOSSLClientHandler {
        try NIOSSLClientHandler(context: context, serverHostname: nil) { chain, promise in
            PeerTLS.verify(chain, promise, accept)
        }
    }

    /// A handler for the accepting side that accepts the peer's key when `accept` does.
    func serverHandler(accept: @escaping @Sendable (PublicKey) -> Bool) -> NIOSSLServerHandler {
        NIOSSLServerHandler(context: context) { chain, promise in PeerTLS.verify(chain, promise, accept) }
    }

    /// Closes the socket of a connection that is closing, without waiting for the other side's farewell any longer.
    static func cut(_ channel: any Channel) {
        channel.eventLoop.execute {
            let pipeline = channel.pipeline.syncOperations
            if let context = try? pipeline.context(handlerType: NIOSSLClientHandler.self) {
                context.close(promise: nil)
            } else if let context = try? pipeline.context(handlerType: NIOSSLServerHandler.self) {
                context.close(promise: nil)
            }
        }
    }

    private static func verify(
        _ chain: [NIOSSLCertificate], _ promise: EventLoopPromise<NIOSSLVerificationResult>,
        _ accept: (PublicKey) -> Bool
    ) {
        guard let leaf = chain.first, let bytes = try? leaf.toDERBytes(),
            let key = try? NodeCertificate.publicKey(inDER: bytes), accept(key)
        else { return promise.succeed(.failed) }
        promise.succeed(.certificateVerified)
    }
}
