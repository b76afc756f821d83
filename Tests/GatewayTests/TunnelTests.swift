import Foundation
import NIOCore
import Streams
import Synchronization
import Testing

@testable import Gateway

@Suite("Connections that change their protocol")
struct TunnelTests {
    private static let request =
        "GET /socket HTTP/1.1\r\nHost: chat.localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

    /// What the other side holds of a tunnel.
    private final class Side: Sendable {
        let toClient = ByteStream(window: 64 << 10)
        let fromClient = Mutex<ByteStream?>(nil)

        func open(_ test: TestGateway) {
            test.function("chat") { request, loop in
                let tunnel = GatewayTunnel(
                    headers: [("Upgrade", request.upgrade ?? "-"), ("sec-websocket-accept", "x")],
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

    @Test("Bytes pass both ways, and each half ends by itself")
    func passes() async throws {
        try await TestGateway.run { test in
            let side = Side()
            side.open(test)
            let client = try await test.connect(staysOpen: true)
            // What comes behind the request is the other protocol's.
            client.send(Self.request + "early")
            let answer = try await client.response()
            #expect(answer.status == 101 && answer["upgrade"] == "websocket" && answer["connection"] == "upgrade")
            #expect(answer["sec-websocket-accept"] == "x" && answer["content-length"] == nil)
            let stream = try await side.stream()
            #expect(try await stream.next().map { String(buffer: $0) } == "early")
            side.toClient.append(ByteBuffer(string: "hello"))
            try await client.wait("bytes") { client.bytes == Array("hello".utf8) }
            client.halfClose()
            #expect(try await stream.next() == nil)
            side.toClient.append(ByteBuffer(string: " again"))
            try await client.wait("bytes") { client.bytes == Array("hello again".utf8) }
            side.toClient.finish()
            try await client.closed()
        }
    }

    @Test("A side that does not read holds the other back")
    func pressure() async throws {
        try await TestGateway.run { test in
            let side = Side()
            side.open(test)
            let client = try await test.connect(autoRead: false)
            defer { client.close() }
            client.send(Self.request)
            let stream = try await side.stream()
            client.send(pattern(8 << 20))
            try await eventually("a full stream") { stream.bufferedBytes >= 256 << 10 }
            try await Task.sleep(for: .milliseconds(50))
            #expect(stream.bufferedBytes < 1 << 20)
            var count = 0
            while count < 8 << 20, let part = try await stream.next() { count += part.readableBytes }
            #expect(count == 8 << 20)
            let taken = Mutex(0)
            let toClient = side.toClient
            let writer = Task {
                for _ in 0..<256 {
                    try await toClient.write(ByteBuffer(bytes: [UInt8](repeating: 1, count: 64 << 10)))
                    taken.withLock { $0 += 1 }
                }
            }
            try await Task.sleep(for: .milliseconds(100))
            #expect(taken.withLock { $0 } < 200, "the client takes nothing")
            client.close()
            _ = await writer.result
            await #expect(throws: (any Error).self) { _ = try await stream.next() }
        }
    }

    @Test(
        "Nobody gets a tunnel for what carries requests itself",
        arguments: ["h2c", "H2C", "HTTP/2.0", "TLS/1.0", "websocket, h2c"])
    func carriers(_ name: String) async throws {
        try await TestGateway.run { test in
            test.function("chat") { request, loop in
                let names = request.headers.map(\.name).filter { ["upgrade", "connection"].contains($0) }
                let text = "\(request.upgrade ?? "none") \(names)"
                return loop.makeSucceededFuture(
                    FunctionResponse(status: 200, headers: [], body: ByteBuffer(string: text)))
            }
            let request = Self.request.replacingOccurrences(of: "Upgrade: websocket", with: "Upgrade: \(name)")
            let answer = try await test.send(request)
            #expect(answer.status == 200 && answer.text == "none []")
        }
    }

    @Test("Nobody gets a tunnel who did not ask, and a quiet one ends")
    func limits() async throws {
        try await TestGateway.run({ $0.tunnelIdleTimeout = .milliseconds(100) }) { test in
            let side = Side()
            side.open(test)
            #expect(try await test.get("chat.localhost", "/").status == 502)
            let second = Side()
            second.open(test)
            let client = try await test.connect()
            client.send(Self.request)
            #expect(try await client.response().status == 101)
            try await client.closed()
        }
    }
}
