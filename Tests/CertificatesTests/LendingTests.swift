import Crypto
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import Synchronization
import Testing

@testable import Certificates

@Suite("Certificates whose keys other nodes have")
struct LendingTests {
    private static let start = [UInt8](repeating: 0x20, count: 64)

    private static func verify(_ side: String, _ hashBytes: Int) -> [UInt8] {
        start + Array("TLS 1.3, \(side) CertificateVerify\0".utf8) + [UInt8](repeating: 9, count: hashBytes)
    }

    private static func exchange(_ curve: [UInt8], _ pointBytes: Int, extra: Int = 0) -> [UInt8] {
        [UInt8](repeating: 3, count: 64) + curve + [UInt8(pointBytes)]
            + [UInt8](repeating: 4, count: pointBytes + extra)
    }

    @Test("What a server signs in its handshake is told from everything else")
    func content() {
        let good = [
            Self.verify("server", 32), Self.verify("server", 48), Self.exchange([3, 0, 0x1D], 32),
            Self.exchange([3, 0, 0x17], 65), Self.exchange([3, 0, 0x18], 97),
        ]
        for bytes in good { #expect(HandshakeContent.isServers(Data(bytes)), "\(bytes)") }
        let bad = [
            [], [1], Self.start, Self.verify("client", 32), Self.verify("server", 31), Self.verify("server", 0),
            Self.exchange([3, 0, 0x1D], 65), Self.exchange([3, 0, 0x17], 65, extra: 1),
            Self.exchange([1, 0, 0x17], 65),
            Self.exchange([3, 0, 0x16], 65), [UInt8](repeating: 3, count: 68), Array("a request".utf8),
        ]
        for bytes in bad { #expect(!HandshakeContent.isServers(Data(bytes)), "\(bytes)") }
    }

    @Test("A key signs such content alone, with its own algorithm, and its chain proves the signature")
    func signing() throws {
        let material = try CertificateMaterial.selfSigned(for: ["a.de"])
        let content = Data(Self.verify("server", 32))
        let signature = try material.signature(of: content, algorithm: 0x0403)
        let key = try P256.Signing.PrivateKey(pemRepresentation: material.keyPEM).publicKey
        #expect(key.isValidSignature(try P256.Signing.ECDSASignature(derRepresentation: signature), for: content))
        #expect(throws: CertificateError.self) { try material.signature(of: content, algorithm: 0x0804) }
        #expect(throws: CertificateError.self) { try material.signature(of: Data("x".utf8), algorithm: 0x0403) }
    }

    @Test("A renewed certificate leaves the one before for signatures, and no older one")
    func renewed() throws {
        let book = CertificateBookTests.book()
        let content = Data(Self.verify("server", 32))
        var materials: [CertificateMaterial] = []
        for _ in 0..<3 {
            let material = try CertificateMaterial.selfSigned(for: ["a.de"])
            // Twice is once.
            try book.put(material, for: "a.de")
            try book.put(material, for: "a.de")
            materials.append(material)
        }
        func signs(_ index: Int, _ domain: String = "a.de") throws -> Bool {
            let leaf = try materials[index].chain().fingerprint
            return (try? book.signature(of: content, algorithm: 0x0403, leaf: leaf, for: domain)) != nil
        }
        #expect(try signs(2) && signs(1))
        #expect(try !signs(0) && !signs(2, "b.de"))
    }

    @Test("A chain is served under its names while it lasts, until the node has the key or gives it back")
    func borrowing() throws {
        let (book, missing) = (CertificateBookTests.book(), Missing())
        book.onMissing { missing.note($0) }
        let chain = try CertificateMaterial.selfSigned(for: ["a.de", "b.de"]).chain()
        #expect(throws: CertificateError.self) { try book.borrow(chain, for: "c.de") { _, _ in Data() } }
        #expect(throws: CertificateError.self) {
            try book.borrow(chain, for: "a.de", now: chain.notAfter) { _, _ in Data() }
        }
        #expect(book.context(for: "a.de") == nil && missing.names == ["a.de"])
        for name in ["a.de", "b.de"] { try book.borrow(chain, for: name) { _, _ in Data() } }
        #expect(book.context(for: "a.de") != nil && book.borrowedDomains == ["a.de", "b.de"])
        #expect(book.borrowed("a.de") == chain && book.material(for: "a.de") == nil)
        try book.put(.selfSigned(for: ["a.de"]), for: "a.de")
        #expect(book.borrowedDomains == ["b.de"])
        book.giveBack("b.de")
        #expect(book.context(for: "b.de") == nil)
    }

    // MARK: Handshakes

    private final class Watcher: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let done: EventLoopPromise<Void>

        init(_ done: EventLoopPromise<Void>) { self.done = done }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .handshakeCompleted = event as? TLSUserEvent { done.succeed() }
            context.fireUserInboundEventTriggered(event)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            done.fail(error)
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { done.fail(ChannelError.eof) }
    }

    private func shakeHands(_ port: Int, _ version: TLSVersion) async throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        // The signature of the handshake is checked in any case.
        configuration.certificateVerification = .none
        configuration.minimumTLSVersion = version
        configuration.maximumTLSVersion = version
        let context = try NIOSSLContext(configuration: configuration)
        let done = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: Void.self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        NIOSSLClientHandler(context: context, serverHostname: "a.de"), Watcher(done),
                    ])
                }
            }.connect(host: "127.0.0.1", port: port).get()
        defer { channel.close(promise: nil) }
        try await done.futureResult.get()
    }

    @Test(
        "A server with the chain alone shakes hands through who has the key",
        arguments: [TLSVersion.tlsv12, .tlsv13])
    func handshake(_ version: TLSVersion) async throws {
        let (lender, borrower) = (CertificateBookTests.book(), CertificateBookTests.book())
        let material = try CertificateMaterial.selfSigned(for: ["a.de"])
        try lender.put(material, for: "a.de")
        let chain = try material.chain()
        let asked = Mutex(0)
        let refuses = Mutex(false)
        try borrower.borrow(chain, for: "a.de") { algorithm, content in
            asked.withLock { $0 += 1 }
            if refuses.withLock({ $0 }) { throw CertificateError(.badCertificate, "no") }
            return try lender.signature(of: content, algorithm: algorithm, leaf: chain.fingerprint, for: "a.de")
        }
        let context = try #require(borrower.context(for: "a.de"))
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                }
            }.bind(host: "127.0.0.1", port: 0).get()
        let port = server.localAddress?.port ?? 0
        try await shakeHands(port, version)
        #expect(asked.withLock { $0 } == 1)
        refuses.withLock { $0 = true }
        await #expect(throws: (any Error).self) { try await shakeHands(port, version) }
        try await server.close()
    }
}
