import NIOCore
import NIOHPACK
import NIOHTTP2
import Streams
import Synchronization
import Testing

@testable import Gateway

@Suite("WebSocket over HTTP/2")
struct HTTP2TunnelTests {
    /// What the other side holds of a tunnel.
    private final class Side: Sendable {
        let toClient = ByteStream(window: 64 << 10)
        let fromClient = Mutex<ByteStream?>(nil)
        let request = Mutex<FunctionRequest?>(nil)

        func open(_ test: TestGateway, _ name: String = "chat", accept: String? = nil) {
            test.function(name) { request, loop in
                self.request.withLock { $0 = request }
                let key = request.headers.first { $0.name == "sec-websocket-key" }?.value ?? ""
                let tunnel = GatewayTunnel(
                    headers: [
                        ("Upgrade", request.upgrade ?? "-"),
                        ("Sec-WebSocket-Accept", accept ?? WebSocketKey.accept(key)),
                        ("Sec-WebSocket-Protocol", "talk"),
                    ],
                    toClient: self.toClient
                ) { stream in self.fromClient.withLock { $0 = stream } }
                return loop.makeSucceededFuture(FunctionResponse(tunnel))
            }
        }

        func stream() async throws -> ByteStream {
            try await eventually("the tunnel") { fromClient.withLock { $0 != nil } }
            return try #require(fromClient.withLock { $0 })
        }
    }

    /// A client that has heard that there is WebSocket.
    private func client(_ test: TestGateway) async throws -> HTTP2Client {
        let client = try await HTTP2Client(test.address)
        #expect(try await client.get("nobody.localhost", "/").status == 404)
        return client
    }

    private static func headers(_ host: String, _ name: String = "websocket") -> HPACKHeaders {
        [
            ":method": "CONNECT", ":protocol": name, ":scheme": "http", ":path": "/socket", ":authority": host,
            "sec-websocket-version": "13", "sec-websocket-key": "mine",
        ]
    }

    private static func head(_ headers: HPACKHeaders) -> HTTP2Frame.FramePayload {
        .headers(.init(headers: headers, endStream: false))
    }

    private static func data(_ bytes: ByteBuffer, endStream: Bool = false) -> HTTP2Frame.FramePayload {
        .data(.init(data: .byteBuffer(bytes), endStream: endStream))
    }

    @Test("The key is answered as RFC 6455 shows, and made anew each time")
    func keys() {
        #expect(WebSocketKey.accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        let key = WebSocketKey.make()
        #expect(key.utf8.count == 24 && key.hasSuffix("==") && key != WebSocketKey.make())
    }

    @Test("Bytes pass both ways, each half ends by itself, and the other side sees HTTP/1.1")
    func passes() async throws {
        try await TestGateway.run { test in
            let side = Side()
            side.open(test)
            let client = try await client(test)
            defer { client.close() }
            let (channel, stream) = try await client.open()
            channel.writeAndFlush(Self.head(Self.headers("chat.localhost")), promise: nil)
            try await eventually("an answer") { stream.answer.withLock { $0.status != 0 } }
            let answer = stream.answer.withLock { $0 }
            #expect(answer.status == 200 && !answer.isComplete)
            #expect(answer.fields.first(name: "sec-websocket-protocol") == "talk")
            for name in ["upgrade", "sec-websocket-accept", "connection", "content-length"] {
                #expect(answer.fields.first(name: name) == nil, "\(name)")
            }
            let request = try #require(side.request.withLock { $0 })
            #expect(request.method == "GET" && request.upgrade == "websocket")
            #expect(request.headers.contains { $0.name == "sec-websocket-version" && $0.value == "13" })
            #expect(request.headers.filter { $0.name == "sec-websocket-key" }.map(\.value) != ["mine"])

            let fromClient = try await side.stream()
            channel.writeAndFlush(Self.data(ByteBuffer(string: "hello")), promise: nil)
            #expect(try await fromClient.next().map { String(buffer: $0) } == "hello")
            side.toClient.append(ByteBuffer(string: "hi"))
            try await eventually("bytes") { stream.answer.withLock { $0.body == Array("hi".utf8) } }
            channel.writeAndFlush(Self.data(ByteBuffer(), endStream: true), promise: nil)
            #expect(try await fromClient.next() == nil)
            side.toClient.append(ByteBuffer(string: " again"))
            side.toClient.finish()
            let end = try await client.answer(stream)
            #expect(end.isComplete && end.body == Array("hi again".utf8))
            // The connection goes on.
            #expect(try await client.get("nobody.localhost", "/").status == 404)
        }
    }

    @Test("Nothing but a WebSocket is taken for one")
    func refusals() async throws {
        try await TestGateway.run { test in
            Side().open(test, "wrong", accept: "x")
            Side().open(test)
            test.function("plain") { _, loop in
                loop.makeSucceededFuture(
                    FunctionResponse(status: 200, headers: [], body: .bytes(ByteBuffer(string: "no"))))
            }
            let client = try await client(test)
            defer { client.close() }
            for (host, name, status) in [
                ("wrong.localhost", "websocket", 502), ("plain.localhost", "websocket", 501),
                ("localhost", "websocket", 404), ("nobody.localhost", "websocket", 404),
                ("chat.localhost", "connect-udp", 501),
            ] {
                let (channel, stream) = try await client.open()
                channel.writeAndFlush(Self.head(Self.headers(host, name)), promise: nil)
                let answer = try await client.answer(stream)
                #expect(answer.status == status, "\(host) \(name)")
            }
            var bare = Self.headers("chat.localhost")
            bare.remove(name: ":protocol")
            bare.remove(name: ":scheme")
            bare.remove(name: ":path")
            let (channel, stream) = try await client.open()
            channel.writeAndFlush(Self.head(bare), promise: nil)
            #expect(try await client.answer(stream).status == 501)
        }
    }

    @Test("A side that does not read holds the client back, and hears when it goes")
    func pressure() async throws {
        try await TestGateway.run { test in
            let side = Side()
            side.open(test)
            let client = try await client(test)
            defer { client.close() }
            let (channel, _) = try await client.open()
            channel.writeAndFlush(Self.head(Self.headers("chat.localhost")), promise: nil)
            let fromClient = try await side.stream()
            let count = 4 << 20
            channel.writeAndFlush(Self.data(ByteBuffer(bytes: pattern(count))), promise: nil)
            try await eventually("a full stream") { fromClient.bufferedBytes >= 256 << 10 }
            #expect(fromClient.bufferedBytes < 2 << 20)
            var taken = 0
            while taken < count, let part = try await fromClient.next() { taken += part.readableBytes }
            #expect(taken == count)
            channel.writeAndFlush(HTTP2Frame.FramePayload.rstStream(.cancel), promise: nil)
            await #expect(throws: (any Error).self) { _ = try await fromClient.next() }
            let part = ByteBuffer(repeating: 1, count: 64 << 10)
            await #expect(throws: (any Error).self) {
                for _ in 0..<1_000 { try await side.toClient.write(part) }
            }
        }
    }

    @Test("A quiet one ends")
    func quiet() async throws {
        try await TestGateway.run({ $0.tunnelIdleTimeout = .milliseconds(50) }) { test in
            Side().open(test)
            let client = try await client(test)
            defer { client.close() }
            let (channel, stream) = try await client.open()
            channel.writeAndFlush(Self.head(Self.headers("chat.localhost")), promise: nil)
            try await eventually("the end") { stream.answer.withLock { $0.isClosed } }
            #expect(stream.answer.withLock { $0.status == 200 && !$0.isComplete })
        }
    }
}
