import Foundation
import NIOCore
import NIOPosix
import Testing

@Suite("Refusals of the control API", .timeLimit(.minutes(1)))
struct RefusalTests {
    @Test("A client that is still sending gets the answer and the end of the connection, and no reset before")
    func whileSending() async throws {
        try await TestNode(network: try TestNetwork()).serve { url async throws in
            let port = try #require(URL(string: url)?.port)
            let client = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .channelOption(.allowRemoteHalfClosure, value: true)
                .connect(host: "127.0.0.1", port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            try await client.executeThenClose { inbound, outbound in
                let head = "PUT /api/v1/blobs/\(String(repeating: "0", count: 64)) HTTP/1.1\r\nhost: 127.0.0.1\r\n"
                try await outbound.write(ByteBuffer(string: head + "content-length: \(1 << 30)\r\n\r\n"))
                var answer = ""
                for try await bytes in inbound { answer += String(buffer: bytes) }
                #expect(answer.hasPrefix("HTTP/1.1 401 "), "\(answer)")
                #expect(answer.contains("control/unsigned"), "\(answer)")
                let piece = ByteBuffer(repeating: 0, count: 1 << 20)
                for _ in 0..<4 { try await outbound.write(piece) }
                await #expect(throws: (any Error).self, "The node waits neither for the rest nor for ever") {
                    // A write may only be queued: it takes a while until one hears of the end.
                    for _ in 0..<512 {
                        try await outbound.write(piece)
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
            }
        }
    }
}
