import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// A real HTTP/1.1 server on loopback, whose answers the test writes.
final class OriginServer: Sendable {
    struct Request: Sendable {
        var method: String
        var target: String
        var headers: HTTPHeaders
        var body: [UInt8]
    }

    typealias Handler = @Sendable (Request, Answer) async throws -> Void
    fileprivate typealias Part = HTTPPart<HTTPResponseHead, ByteBuffer>
    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, Part>

    /// Where an answer goes.
    struct Answer: Sendable {
        fileprivate let outbound: NIOAsyncChannelOutboundWriter<Part>

        func head(_ status: Int, _ headers: [(String, String)] = []) async throws {
            try await outbound.write(
                .head(.init(version: .http1_1, status: .init(statusCode: status), headers: HTTPHeaders(headers))))
        }

        func part(_ bytes: [UInt8]) async throws { try await outbound.write(.body(ByteBuffer(bytes: bytes))) }

        func end() async throws { try await outbound.write(.end(nil)) }

        func whole(_ status: Int, _ headers: [(String, String)] = [], _ text: String = "") async throws {
            try await head(status, [("content-length", "\(text.utf8.count)")] + headers)
            if !text.isEmpty { try await part(Array(text.utf8)) }
            try await end()
        }
    }

    /// "opened" and "closed" connections, and what the handler counts.
    let counts = Counts()
    private let log = Mutex<[Request]>([])
    private let listening = Mutex<(any Channel)?>(nil)

    /// Whole requests, in the order of their ends.
    var requests: [Request] { log.withLock { $0 } }

    var port: Int { listening.withLock { $0?.localAddress?.port } ?? 0 }

    /// Runs a server while `body` runs.
    static func with(
        tls: Bool = false, host: String = "127.0.0.1", _ handler: @escaping Handler,
        _ body: (OriginServer) async throws -> Void
    ) async throws {
        let server = OriginServer()
        let context = tls ? try Self.tlsContext() : nil
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: host, port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    server.counts.increment("opened")
                    channel.closeFuture.whenComplete { _ in server.counts.increment("closed") }
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
                    try channel.pipeline.syncOperations.addHandler(ResponseParts())
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        server.listening.withLock { $0 = listener.channel }
        let task = Task {
            try? await listener.executeThenClose { connections in
                await withDiscardingTaskGroup { group in
                    do {
                        for try await connection in connections {
                            group.addTask { try? await server.serve(connection, handler) }
                        }
                    } catch {}
                    group.cancelAll()
                }
            }
        }
        do {
            try await body(server)
        } catch {
            task.cancel()
            await task.value
            throw error
        }
        task.cancel()
        await task.value
    }

    private func serve(_ connection: Connection, _ handler: Handler) async throws {
        try await connection.executeThenClose { inbound, outbound in
            var request: Request?
            for try await part in inbound {
                switch part {
                case .head(let head):
                    counts.increment("heads")
                    request = Request(method: head.method.rawValue, target: head.uri, headers: head.headers, body: [])
                case .body(let bytes):
                    counts.increment("bytes", by: bytes.readableBytes)
                    request?.body += bytes.readableBytesView
                case .end:
                    guard let whole = request else { return }
                    log.withLock { $0.append(whole) }
                    try await handler(whole, Answer(outbound: outbound))
                }
            }
        }
    }

    private static func tlsContext() throws -> NIOSSLContext {
        let certificates = try NIOSSLCertificate.fromPEMBytes(Array(TestCertificate.certificate.utf8))
        let key = try NIOSSLPrivateKey(bytes: Array(TestCertificate.key.utf8), format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key)))
    }

    /// Bytes as the server's codec takes them.
    private final class ResponseParts: ChannelOutboundHandler, Sendable {
        typealias OutboundIn = HTTPPart<HTTPResponseHead, ByteBuffer>
        typealias OutboundOut = HTTPServerResponsePart

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            let part: HTTPServerResponsePart =
                switch unwrapOutboundIn(data) {
                case .head(let head): .head(head)
                case .body(let bytes): .body(.byteBuffer(bytes))
                case .end(let trailers): .end(trailers)
                }
            context.write(wrapOutboundOut(part), promise: promise)
        }
    }
}
