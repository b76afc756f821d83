import Blake3
import Client
import ControlModel
import Foundation
import Identity
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

    /// Says what node it is, and refuses what comes next without reading more of it than the head.
    private final class Refusing: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        static let failure = ControlFailure(status: 507, code: "test/full", message: "There is no room for this")

        private var isUpload = false

        func channelActive(context: ChannelHandlerContext) { context.read() }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard !isUpload else { return }
            isUpload = !String(buffer: Self.unwrapInboundIn(data)).hasPrefix("GET ")
            let body = try? isUpload ? JSONEncoder().encode(Refusing.failure) : JSONEncoder().encode(Refusing.status)
            let head = isUpload ? "507 Insufficient Storage\r\nconnection: close" : "200 OK"
            var answer = ByteBuffer(string: "HTTP/1.1 \(head)\r\ncontent-length: \(body?.count ?? 0)\r\n\r\n")
            answer.writeBytes(body ?? Data())
            context.writeAndFlush(Self.wrapOutboundOut(answer), promise: nil)
            if !isUpload { context.read() }
        }

        private static let status = NodeStatus(
            id: SigningKey().publicKey.node.description, network: "", version: "test", gateway: "", peer: "",
            control: "", data: "", pid: 1, ready: true, detail: "",
            ledger: .init(sequence: 0, root: "", sequencer: true), peers: [], blobCount: 0, blobBytes: 0)
    }

    @Test("An answer that ends the connection counts, also before everything is sent", .timeLimit(.minutes(1)))
    func answerBeforeTheEnd() async throws {
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Refusing()) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let client = NodeClient(control: "http://127.0.0.1:\(server.localAddress?.port ?? 0)", key: SigningKey())
        // More than the system takes from the client while nobody reads.
        let bytes = ByteBuffer(repeating: 0, count: 32 << 20)
        let failure = await code { _ = try await client.upload(BlobID(Blake3.hash([UInt8]())), bytes) }
        #expect(failure == Refusing.failure.code)
        try await server.close()
    }
}
