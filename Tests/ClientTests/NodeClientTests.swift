import Client
import NIOCore
import NIOPosix
import Testing

@Suite("Answers of nodes that are none")
struct NodeClientTests {
    /// Sends the same bytes to whoever writes something, and closes.
    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let answer: ByteBuffer

        init(_ answer: String) { self.answer = ByteBuffer(string: answer) }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.writeAndFlush(Self.wrapOutboundOut(answer), promise: nil)
            context.close(promise: nil)
        }
    }

    @Test(
        "A status below 100 is an error, whatever follows it (RFC 9110 15)",
        arguments: [
            "HTTP/1.1 099 Low\r\ncontent-length: 2\r\n\r\n{}", "HTTP/1.1 000 None\r\n\r\n{}",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 042 Low\r\ncontent-length: 2\r\n\r\n{}",
        ])
    func impossibleStatus(answer: String) async throws {
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answering(answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = server.localAddress?.port ?? 0
        let client = NodeClient(control: "http://127.0.0.1:\(port)")
        #expect(await code { _ = try await client.status() } == "client/unreachable")
        try await server.close()
    }
}
