import Certificates
import Foundation
import Gateway
import NIOCore
import NIOSSL

/// Who a node is to TLS clients: with certificates of an authority for the domains that have one, and with a
/// self-signed one, kept in the node's folder, for `localhost`, the names below it and clients that name nobody.
struct LocalCertificates: GatewayCertificates {
    private static let names = ["localhost", "*.localhost"]
    private static let suffix = ".localhost"
    /// A new certificate is made when the old one has less than this left.
    private static let renewal: TimeInterval = 30 * 86_400

    private let own: NIOSSLContext
    private let others: (any GatewayCertificates)?

    /// Reads the certificate, or makes one.
    ///
    /// - Parameter others: Asked first, except for local names.
    /// - Throws: ``NodeError`` when the folder cannot be written.
    init(_ folder: NodeFolder, others: (any GatewayCertificates)? = nil) throws {
        self.others = others
        if let kept = LocalCertificates.read(folder) {
            own = kept
            return
        }
        do {
            let made = try SelfSignedCertificate(names: LocalCertificates.names)
            try LocalCertificates.write(made.keyPEM, to: folder.localKey)
            try LocalCertificates.write(made.certificatePEM, to: folder.localCertificate)
            own = try LocalCertificates.context(Array(made.certificatePEM.utf8), Array(made.keyPEM.utf8))
        } catch {
            throw NodeError(.folderUnusable, "Cannot keep a TLS certificate in \(folder.path): \(error)")
        }
    }

    func context(for serverName: String?) -> NIOSSLContext? {
        guard let name = serverName else { return own }
        if name == "localhost" || name.hasSuffix(LocalCertificates.suffix) { return own }
        return others?.context(for: name)
    }

    func contextToCome(for serverName: String, on eventLoop: any EventLoop) -> EventLoopFuture<NIOSSLContext?>? {
        others?.contextToCome(for: serverName, on: eventLoop)
    }

    func challengeContext(for serverName: String) -> NIOSSLContext? { others?.challengeContext(for: serverName) }

    func keyAuthorization(token: String, host: String?) -> String? {
        others?.keyAuthorization(token: token, host: host)
    }

    /// The kept certificate; nil when there is none, it does not fit its key, or it ends soon.
    private static func read(_ folder: NodeFolder) -> NIOSSLContext? {
        let files = FileManager.default
        guard let certificate = files.contents(atPath: folder.localCertificate),
            let key = files.contents(atPath: folder.localKey),
            let made = try? files.attributesOfItem(atPath: folder.localCertificate)[.modificationDate] as? Date,
            Date() < made + SelfSignedCertificate.lifetime - renewal
        else { return nil }
        return try? context(Array(certificate), Array(key))
    }

    private static func write(_ text: String, to path: String) throws {
        try? FileManager.default.removeItem(atPath: path)
        let mode: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
        guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8), attributes: mode) else {
            throw NodeError(.folderUnusable, "Cannot write \(path)")
        }
    }

    private static func context(_ certificate: [UInt8], _ key: [UInt8]) throws -> NIOSSLContext {
        try GatewayTLS.context(
            chain: NIOSSLCertificate.fromPEMBytes(certificate), key: NIOSSLPrivateKey(bytes: key, format: .pem))
    }
}
