import Foundation
import Identity
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOTLS
import Testing

@testable import Certificates

/// A web server that answers challenges from a book, in cleartext and over TLS, as a gateway does.
private final class ChallengeServer: Sendable {
    let http: any Channel
    let tls: any Channel

    init(_ book: CertificateBook) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        http = try await ServerBootstrap(group: group).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                try channel.pipeline.syncOperations.addHandler(Responder(book))
            }
        }.bind(host: "127.0.0.1", port: 0).get()
        tls = try await ServerBootstrap(group: group).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                let names = ByteToMessageHandler(
                    SNIHandler { result in
                        guard case .hostname(let name) = result,
                            let context = book.challengeContext(for: name) ?? book.context(for: name)
                        else { return channel.close() }
                        return channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                        }
                    })
                try channel.pipeline.syncOperations.addHandler(names)
            }
        }.bind(host: "127.0.0.1", port: 0).get()
    }

    func stop() async {
        try? await http.close()
        try? await tls.close()
    }

    private final class Responder: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private let book: CertificateBook

        init(_ book: CertificateBook) { self.book = book }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .head(let head) = unwrapInboundIn(data) else { return }
            let token = String(head.uri.split(separator: "/").last ?? "")
            let host = head.headers.first(name: "host")?.split(separator: ":").first.map(String.init)
            let body = book.keyAuthorization(token: token, host: host)
            let buffer = ByteBuffer(string: body ?? "none")
            context.write(
                wrapOutboundOut(
                    .head(
                        .init(
                            version: .http1_1, status: body == nil ? .notFound : .ok,
                            headers: ["content-length": "\(buffer.readableBytes)"]))), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}

private struct LoneFleet: CertificateFleet {
    let names: Set<String>
    func domains() -> Set<String> { names }
    func leads(_ domain: String) -> Bool { true }
    func share(_ material: CertificateMaterial, for domain: String) async {}
    func fetch(_ domain: String) async -> CertificateMaterial? { nil }
}

private struct BookPublisher: ChallengePublisher {
    let book: CertificateBook
    func publish(_ answer: ChallengeAnswer) async { try? book.publish(answer) }
    func withdraw(_ answer: ChallengeAnswer) async { book.withdraw(answer) }
}

@Suite(
    "Certificates from Pebble",
    .enabled(if: Pebble.isHere, "needs Debian's package pebble, and openssl"))
struct PebbleTests {
    private func book() -> CertificateBook {
        func make(_ protocols: [String]) -> CertificateBook.MakeContext {
            { chain, key in
                var configuration = TLSConfiguration.makeServerConfiguration(
                    certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
                configuration.applicationProtocols = protocols
                return try NIOSSLContext(configuration: configuration)
            }
        }
        return CertificateBook(make: make(["http/1.1"]), makeChallenge: make(["acme-tls/1"]))
    }

    /// Shakes hands as a visitor who trusts one root.
    private func shakeHands(_ name: String, port: Int, root: String) async throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(root.utf8)))
        let context = try NIOSSLContext(configuration: configuration)
        let done = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: Void.self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        NIOSSLClientHandler(context: context, serverHostname: name), Watcher(done),
                    ])
                }
            }.connect(host: "127.0.0.1", port: port).get()
        defer { channel.close(promise: nil) }
        try await done.futureResult.get()
    }

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

    @Test(
        "An order through either challenge ends with a chain that clients trust, and is renewed; a failing one keeps it",
        arguments: CertificateAuthority.Challenge.allCases)
    func order(_ challenge: CertificateAuthority.Challenge) async throws {
        let (book, key) = (book(), SigningKey())
        let server = try await ChallengeServer(book)
        let dns = try await TestDNSServer(address: "127.0.0.1")
        let (http, tls) = (server.http.localAddress?.port ?? 0, server.tls.localAddress?.port ?? 0)
        let pebble = try await Pebble(dns: dns.address, httpPort: http, tlsPort: tls, validSeconds: 60)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("skerry-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let transport = HTTPTransport(roots: pebble.httpsRoots, group: MultiThreadedEventLoopGroup.singleton)
        do {
            let vault = try CertificateVault(path: folder, nodeKey: key)
            let issuer = CertificateAuthority(
                directory: pebble.directory, key: try vault.accountKey(), contact: "a@example.org", agreesToTerms: true,
                challenges: [challenge], transport: transport, publisher: BookPublisher(book: book))
            let keeper = CertificateKeeper(
                vault: vault, book: book, fleet: LoneFleet(names: ["shop.example.org"]), issuer: issuer,
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
                now: { Date() })
            await keeper.round()
            let status = await keeper.statuses().first
            try #require(status?.notAfter != nil, "\(status?.problem ?? "")\n\(pebble.log)")
            let root = try await transport.send(pebble.rootURL, body: nil, headOnly: false).body
            let rootPEM = String(decoding: root, as: UTF8.self)
            try await shakeHands("shop.example.org", port: tls, root: rootPEM)
            let first = try #require(book.material(for: "shop.example.org"))
            await #expect(throws: (any Error).self) {
                try await shakeHands("other.example.org", port: tls, root: rootPEM)
            }

            // Two thirds of its life later; once is enough.
            var second = first
            if challenge == .http {
                let late = CertificateKeeper(
                    vault: vault, book: book, fleet: LoneFleet(names: ["shop.example.org"]), issuer: issuer,
                    logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
                    now: { first.notAfter - 5 })
                await late.round()
                second = try #require(book.material(for: "shop.example.org"))
                #expect(second.chainPEM != first.chainPEM && second.keyPEM != first.keyPEM)
                try await shakeHands("shop.example.org", port: tls, root: rootPEM)
            }

            // The authority cannot see us any more.
            dns.set(.silent)
            pebble.stop()
            let expired = CertificateKeeper(
                vault: vault, book: book, fleet: LoneFleet(names: ["shop.example.org"]), issuer: issuer,
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
                now: { [end = second.notAfter] in end + 5 })
            await expired.round()
            #expect(book.material(for: "shop.example.org") == second)
            let failed = await expired.statuses().first
            #expect(failed?.problem != nil && failed?.nextAttempt != nil)
        } catch {
            Issue.record(error)
            pebble.stop()
        }
        await transport.close()
        await dns.stop()
        await server.stop()
    }
}
