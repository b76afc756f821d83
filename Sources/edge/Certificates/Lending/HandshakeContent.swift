import Crypto
public import Foundation

/// What a TLS server signs in its handshake. A node that signs for others signs this and nothing else, so that a key that
/// it lends proves who a server is, and cannot vouch for anything besides.
enum HandshakeContent {
    /// RFC 8446 section 4.4.3: spaces, what is signed, a zero, and the hash of the handshake.
    private static let prefix =
        [UInt8](repeating: 0x20, count: 64) + Array("TLS 1.3, server CertificateVerify\0".utf8)
    private static let hashBytes = [32, 48]

    /// RFC 8422 section 5.4, in TLS 1.2: two random numbers, a named curve, and a point of it.
    private static let randomBytes = 64
    private static let pointBytes: [UInt16: Int] = [0x001D: 32, 0x0017: 65, 0x0018: 97]

    static func isServers(_ content: Data) -> Bool { isVerify(Array(content)) || isKeyExchange(Array(content)) }

    private static func isVerify(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: prefix) && hashBytes.contains(bytes.count - prefix.count)
    }

    private static func isKeyExchange(_ bytes: [UInt8]) -> Bool {
        // 3 says that the curve is a named one.
        guard bytes.count > randomBytes + 4, bytes[randomBytes] == 3 else { return false }
        let curve = UInt16(bytes[randomBytes + 1]) << 8 | UInt16(bytes[randomBytes + 2])
        let count = Int(bytes[randomBytes + 3])
        return pointBytes[curve] == count && bytes.count == randomBytes + 4 + count
    }
}

extension CertificateMaterial {
    /// Signs for a server that has the chain alone.
    ///
    /// - Parameters:
    ///   - content: What the server has to sign in its handshake.
    ///   - algorithm: As TLS numbers it; only ECDSA with P-256 and SHA-256 is known.
    /// - Returns: In DER.
    /// - Throws: ``CertificateError`` `.badCertificate` for anything else.
    public func signature(of content: Data, algorithm: UInt16) throws -> Data {
        guard algorithm == RemoteKey.algorithm, HandshakeContent.isServers(content),
            let key = try? P256.Signing.PrivateKey(pemRepresentation: keyPEM)
        else { throw CertificateError(.badCertificate, "This node signs handshakes of servers only, with P-256") }
        return try key.signature(for: content).derRepresentation
    }
}
