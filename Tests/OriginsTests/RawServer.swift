import NIOCore
import NIOPosix
import Synchronization

/// A server on loopback that sends exactly the bytes that a test wants, right or wrong.
final class RawServer: Sendable {
    struct Request: Sendable {
        var method: String
        var target: String
        var fields: [(name: String, value: String)]
        var body: String

        func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }

        var path: String { String(target.prefix { $0 != "?" }) }
    }

    enum Step: Sendable {
        case bytes([UInt8])
        case text(String)
        /// Ends the connection.
        case close
        /// Sends 64 KiB parts for as long as the other side takes them.
        case flood(parts: Int)
    }

    typealias Handler = @Sendable (Request) -> [Step]

    private let log = Mutex<[Request]>([])
    private let sent = Mutex(0)
    private let channels = Mutex<[any Channel]>([])
    private let listener = Mutex<(any Channel)?>(nil)

    var requests: [Request] { log.withLock { $0 } }
    /// Bytes of floods that the kernel took.
    var floodedBytes: Int { sent.withLock { $0 } }
    /// Connections so far, and those that are open.
    var connectionCount: Int { channels.withLock { $0.count } }
    var openCount: Int { channels.withLock { $0.count(where: \.isActive) } }
    var port: Int { listener.withLock { $0?.localAddress?.port ?? 0 } }
    var url: String { "http://127.0.0.1:\(port)" }

    static func with<Value>(_ handler: @escaping Handler, _ body: (RawServer) async throws -> Value) async throws
        -> Value
    {
        let server = RawServer()
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                server.channels.withLock { $0.append(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Connection(server, handler))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        server.listener.withLock { $0 = channel }
        let result: Result<Value, any Error>
        do { result = .success(try await body(server)) } catch { result = .failure(error) }
        try? await channel.close()
        for child in server.channels.withLock({ $0 }) { try? await child.close() }
        return try result.get()
    }

    /// A whole answer with a declared length.
    static func answer(_ status: Int, _ fields: [(String, String)] = [], _ body: [UInt8] = []) -> [Step] {
        let lines = fields.map { "\($0.0): \($0.1)\r\n" }.joined()
        return [.text("HTTP/1.1 \(status) X\r\ncontent-length: \(body.count)\r\n\(lines)\r\n"), .bytes(body)]
    }

    private final class Connection: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let server: RawServer
        private let handler: Handler
        private var received = ByteBuffer()
        private var floodParts = 0

        init(_ server: RawServer, _ handler: @escaping Handler) {
            self.server = server
            self.handler = handler
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            received.writeBuffer(&bytes)
            while let request = next() {
                server.log.withLock { $0.append(request) }
                for step in handler(request) { run(step, context) }
            }
        }

        func channelWritabilityChanged(context: ChannelHandlerContext) { flood(context) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func run(_ step: Step, _ context: ChannelHandlerContext) {
            switch step {
            case .bytes(let bytes): context.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes)), promise: nil)
            case .text(let text): context.writeAndFlush(NIOAny(ByteBuffer(string: text)), promise: nil)
            case .close: context.close(promise: nil)
            case .flood(let parts):
                floodParts = parts
                flood(context)
            }
        }

        private static let floodPart = ByteBuffer(repeating: 0x61, count: 64 << 10)

        private func flood(_ context: ChannelHandlerContext) {
            while floodParts > 0, context.channel.isWritable {
                floodParts -= 1
                let server = server
                context.writeAndFlush(NIOAny(Self.floodPart)).whenSuccess {
                    server.sent.withLock { $0 += 64 << 10 }
                }
            }
        }

        /// The next whole request.
        private func next() -> Request? {
            let text = String(decoding: received.readableBytesView, as: UTF8.self)
            guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
            var lines = text[..<end.lowerBound].split(separator: "\r\n")
            let first = lines.removeFirst().split(separator: " ")
            guard first.count == 3 else { return nil }
            let fields = lines.compactMap { line -> (name: String, value: String)? in
                guard let colon = line.firstIndex(of: ":") else { return nil }
                let value = line[line.index(after: colon)...].drop { $0 == " " }
                return (line[..<colon].lowercased(), String(value))
            }
            let headBytes = text[..<end.upperBound].utf8.count
            let length = fields.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0
            guard received.readableBytes >= headBytes + length else { return nil }
            received.moveReaderIndex(forwardBy: headBytes)
            let body = received.readString(length: length) ?? ""
            return Request(method: String(first[0]), target: String(first[1]), fields: fields, body: body)
        }
    }
}
