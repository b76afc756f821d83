public import Foundation
public import NIOCore
public import NIOSSL

/// A leaf's private key that another node has, and with which it signs this node's handshakes.
public struct RemoteKey: NIOSSLCustomPrivateKey, Hashable {
    /// Has a node that has the key sign. Bounded in time by whoever gives it.
    public typealias Sign = @Sendable (_ algorithm: UInt16, _ content: Data) async throws -> Data

    /// ECDSA with P-256 and SHA-256, as TLS numbers it (RFC 8446 section 4.2.3): that of all keys that nodes make.
    static let algorithm: UInt16 = 0x0403

    /// Of the leaf.
    private let fingerprint: Data
    private let ask: Sign

    init(_ chain: CertificateChain, sign: @escaping Sign) {
        fingerprint = chain.fingerprint
        ask = sign
    }

    public var signatureAlgorithms: [SignatureAlgorithm] { [SignatureAlgorithm(rawValue: RemoteKey.algorithm)] }

    public func sign(
        channel: any Channel, algorithm: SignatureAlgorithm, data: ByteBuffer
    ) -> EventLoopFuture<ByteBuffer> {
        let (ask, number, content) = (ask, algorithm.rawValue, Data(data.readableBytesView))
        return channel.eventLoop.makeFutureWithTask { ByteBuffer(bytes: try await ask(number, content)) }
    }

    /// Of no use: the exchange of keys is never RSA's.
    public func decrypt(channel: any Channel, data: ByteBuffer) -> EventLoopFuture<ByteBuffer> {
        channel.eventLoop.makeFailedFuture(CertificateError(.badCertificate, "Keys of nodes do not decrypt"))
    }

    public static func == (left: RemoteKey, right: RemoteKey) -> Bool { left.fingerprint == right.fingerprint }

    public func hash(into hasher: inout Hasher) { hasher.combine(fingerprint) }
}
