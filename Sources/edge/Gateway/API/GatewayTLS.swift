import NIOCore
public import NIOSSL

/// The contexts of TLS handshakes at a gateway: TLS 1.3, and 1.2 with forward secrecy and authenticated encryption.
public enum GatewayTLS {
    /// The application protocols of a gateway, best first (RFC 7301).
    public static let protocols = ["h2", "http/1.1", "http/1.0"]
    /// The protocol of TLS-ALPN-01 (RFC 8737 section 4).
    public static let challengeProtocol = "acme-tls/1"

    /// TLS 1.2 only; all suites of 1.3 are good.
    private static let suites: [NIOTLSCipher] = [
        .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ]

    /// A context for HTTP. Costs milliseconds: make one for each certificate, not for each connection.
    ///
    /// - Parameter chain: The leaf first.
    /// - Throws: What NIOSSL throws for a key that does not belong to the leaf.
    public static func context(chain: [NIOSSLCertificate], key: NIOSSLPrivateKey) throws -> NIOSSLContext {
        try NIOSSLContext(configuration: configuration(chain, key, protocols))
    }

    /// A context for TLS-ALPN-01.
    ///
    /// - Parameter chain: The certificate with the challenge's extension (RFC 8737 section 3), and nothing else.
    /// - Throws: As ``context(chain:key:)``.
    public static func challengeContext(chain: [NIOSSLCertificate], key: NIOSSLPrivateKey) throws -> NIOSSLContext {
        try NIOSSLContext(configuration: configuration(chain, key, [challengeProtocol]))
    }

    private static func configuration(
        _ chain: [NIOSSLCertificate], _ key: NIOSSLPrivateKey, _ protocols: [String]
    ) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.cipherSuiteValues = suites
        configuration.applicationProtocols = protocols
        configuration.certificateVerification = .none
        // Who closes without close_notify would otherwise hold the connection for five seconds.
        configuration.shutdownTimeout = .seconds(1)
        return configuration
    }
}
