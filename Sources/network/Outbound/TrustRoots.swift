import Foundation
public import NIOSSL

/// The authorities whose certificates outbound connections accept: the system's, read once.
///
/// A TLS context that reads the system's bundle itself takes milliseconds and hundreds of kilobytes; contexts that share
/// parsed certificates do not.
public enum TrustRoots {
    private static let bundles = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ]

    private static let system: [NIOSSLCertificate]? = bundles.lazy.compactMap { path in
        FileManager.default.fileExists(atPath: path) ? try? NIOSSLCertificate.fromPEMFile(path) : nil
    }.first

    /// A client's configuration: TLS 1.2 or newer, full verification.
    ///
    /// - Parameter extra: PEM certificates that are trusted besides the system's.
    /// - Throws: If `extra` is not PEM.
    public static func configuration(extra: [String]) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = .fullVerification
        if let system { configuration.trustRoots = .certificates(system) }
        let added = try extra.flatMap { try NIOSSLCertificate.fromPEMBytes(Array($0.utf8)) }
        if !added.isEmpty { configuration.additionalTrustRoots = [.certificates(added)] }
        return configuration
    }
}
