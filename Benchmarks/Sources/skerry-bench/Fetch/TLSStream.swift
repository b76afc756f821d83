import Blake3
import Identity
import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#endif

/// What TLS alone can do: one side pushes buffers of 256 KiB, the other drops them. No frames, no hashing, no disk; or,
/// as the least that a verified fetch must do, with each block read from a file and hashed where it arrives.
enum TLSStream {
    /// Where the pushed blocks come from.
    enum Blocks: Sendable {
        /// These, in turn.
        case memory([ByteBuffer])
        /// A file that is in the page cache.
        case file(String)
    }

    /// Distinct buffers that are pushed in turn: more than the processor's second-level cache holds.
    static let distinctBlocks = 64
    /// Bytes that wait in the channel before the sender pauses. Much more than the processor's cache holds makes TLS look
    /// slow: with 4 MiB, and a flush for all of them, it reaches a quarter of this.
    private static let watermark = ChannelOptions.Types.WriteBufferWaterMark(low: 256 << 10, high: 512 << 10)
    private static let receiveBytes = 256 << 10

    /// Listens on loopback; each connection names a number of buffers and gets them.
    static func listen(key: SigningKey, reader: PublicKey, blocks: Blocks) async throws -> any Channel {
        let tls = try NodeTLS(key: key, expected: reader)
        return try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(ChannelOptions.writeBufferWaterMark, value: watermark)
            .childChannelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(tls.serverHandler())
                    try channel.pipeline.syncOperations.addHandler(Pusher(blocks: blocks))
                }
            }.bind(host: "127.0.0.1", port: 0).get()
    }

    /// A connection that counts what it is sent.
    ///
    /// - Parameter values: What each block must hash to; nil to look at its begin only.
    static func connect(
        port: Int, key: SigningKey, provider: PublicKey, source: BlockSource, values: [Digest]? = nil
    ) async throws -> (channel: any Channel, done: EventLoopFuture<Void>) {
        let tls = try NodeTLS(key: key, expected: provider)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let done = loop.makePromise(of: Void.self)
        let channel = try await ClientBootstrap(group: loop)
            .channelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(
                ChannelOptions.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: receiveBytes)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(tls.clientHandler())
                    if let values {
                        try channel.pipeline.syncOperations.addHandler(Verifier(values: values, done: done))
                    } else {
                        try channel.pipeline.syncOperations.addHandler(Counter(source: source, done: done))
                    }
                }
            }.connect(host: "127.0.0.1", port: port).get()
        return (channel, done.futureResult)
    }

    /// Asks for `count` buffers.
    static func request(_ count: Int, on channel: any Channel) async throws {
        try await channel.writeAndFlush(ByteBuffer(integer: UInt32(count))).get()
    }

    private final class Pusher: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let blocks: Blocks
        private var file: Int32 = -1
        private var sent = 0
        private var wanted = 0

        init(blocks: Blocks) { self.blocks = blocks }

        func handlerAdded(context: ChannelHandlerContext) {
            if case .file(let path) = blocks { file = open(path, O_RDONLY) }
        }

        func handlerRemoved(context: ChannelHandlerContext) {
            if file >= 0 { close(file) }
        }

        private func block(_ index: Int, _ context: ChannelHandlerContext) -> ByteBuffer {
            switch blocks {
            case .memory(let blocks): return blocks[index % blocks.count]
            case .file:
                let size = BlockTree.blockByteCount
                var buffer = context.channel.allocator.buffer(capacity: size)
                buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: size) {
                    max(0, pread(file, $0.baseAddress, size, index * size))
                }
                return buffer
            }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            wanted += Int(unwrapInboundIn(data).getInteger(at: 0, as: UInt32.self) ?? 0)
            push(context)
        }

        func channelWritabilityChanged(context: ChannelHandlerContext) { push(context) }

        private func push(_ context: ChannelHandlerContext) {
            guard sent < wanted, context.channel.isWritable else { return }
            while sent < wanted, context.channel.isWritable {
                context.writeAndFlush(wrapOutboundOut(block(sent, context)), promise: nil)
                sent += 1
            }
        }
    }

    /// Gathers each block and hashes it, as whoever does not trust the sender must.
    private final class Verifier: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let values: [Digest]
        private let done: EventLoopPromise<Void>
        private var block = ByteBuffer()
        private var received = 0

        init(values: [Digest], done: EventLoopPromise<Void>) {
            self.values = values
            self.done = done
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            let size = BlockTree.blockByteCount
            while bytes.readableBytes > 0 {
                if block.readableBytes == 0 { block = context.channel.allocator.buffer(capacity: size) }
                guard
                    var part = bytes.readSlice(length: min(size - block.readableBytes, bytes.readableBytes))
                else { return }
                block.writeBuffer(&part)
                guard block.readableBytes == size else { return }
                let value = block.withUnsafeReadableBytes {
                    BlockTree.blockValue($0, index: received, byteCount: values.count * size)
                }
                guard received < values.count, value == values[received] else {
                    return done.fail(BenchError("block \(received) is another one"))
                }
                received += 1
                block = ByteBuffer()
                if received == values.count { done.succeed() }
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { done.fail(error) }

        func channelInactive(context: ChannelHandlerContext) { done.fail(BenchError("the provider hung up")) }
    }

    /// Compares the begin of every block and nothing else: the layer is to be measured, not its reader.
    private final class Counter: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let source: BlockSource
        private let done: EventLoopPromise<Void>
        private var received = 0

        init(source: BlockSource, done: EventLoopPromise<Void>) {
            self.source = source
            self.done = done
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            let size = BlockTree.blockByteCount
            // Where the first block begins that begins in these bytes.
            var start = (size - received % size) % size
            while start + 8 <= bytes.readableBytes {
                let index = (received + start) / size % TLSStream.distinctBlocks
                guard bytes.getInteger(at: bytes.readerIndex + start, as: UInt64.self) == source.mark(index) else {
                    return done.fail(BenchError("wrong bytes at \(received + start)"))
                }
                start += size
            }
            received += bytes.readableBytes
            if received == source.byteCount { done.succeed() }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { done.fail(error) }

        func channelInactive(context: ChannelHandlerContext) { done.fail(BenchError("the provider hung up")) }
    }
}
