import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A real HTTP/1.1 server on loopback, whose answers the test writes.
final class TestServer: Sendable {
    struct Request: Sendable {
        var target: String
        var headers: HTTPHeaders
    }

    struct Answer: Sendable {
        var status = 200
        var headers: [(String, String)] = []
        var body: [UInt8] = []
        /// Closes the connection after so many bytes.
        var cutAfter: Int?
    }

    typealias Handler = @Sendable (Request) -> Answer

    private let channel: any Channel
    private let log: Log

    private final class Log: Sendable {
        let requests = Mutex<[Request]>([])
    }

    /// Requests so far.
    var requests: [Request] { log.requests.withLock { $0 } }

    var port: Int { channel.localAddress?.port ?? 0 }

    init(_ handler: @escaping Handler) async throws {
        let log = Log()
        self.log = log
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Connection(handler, log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func close() async { try? await channel.close() }

    private final class Connection: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let handler: Handler
        private let log: Log

        init(_ handler: @escaping Handler, _ log: Log) {
            self.handler = handler
            self.log = log
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .head(let head) = unwrapInboundIn(data) else { return }
            let request = Request(target: head.uri, headers: head.headers)
            log.requests.withLock { $0.append(request) }
            let answer = handler(request)
            var headers = HTTPHeaders(answer.headers)
            if !headers.contains(name: "content-length") {
                headers.add(name: "content-length", value: "\(answer.body.count)")
            }
            context.write(
                wrapOutboundOut(
                    .head(.init(version: .http1_1, status: .init(statusCode: answer.status), headers: headers))),
                promise: nil)
            let body = answer.cutAfter.map { Array(answer.body.prefix($0)) } ?? answer.body
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
            if answer.cutAfter != nil {
                context.flush()
                context.close(promise: nil)
            } else {
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}
