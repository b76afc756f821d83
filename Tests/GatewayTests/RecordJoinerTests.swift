import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import Gateway

@Suite("Joining writes into TLS records")
struct RecordJoinerTests {
    private func written(_ channel: EmbeddedChannel) throws -> [ByteBuffer] {
        var buffers: [ByteBuffer] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { buffers.append(buffer) }
        return buffers
    }

    @Test("Frames of one flush leave together, in order, and none before it")
    func together() throws {
        let channel = EmbeddedChannel(handler: RecordJoiner())
        let count = Mutex(0)
        for text in ["head", "frame", "", "content"] {
            channel.write(ByteBuffer(string: text)).whenSuccess { count.withLock { $0 += 1 } }
        }
        #expect(try written(channel).isEmpty)
        channel.flush()
        #expect(try written(channel).map { String(buffer: $0) } == ["headframecontent"])
        #expect(count.withLock { $0 } == 4)
        channel.flush()
        #expect(try written(channel).isEmpty)
        _ = try channel.finish()
    }

    @Test("Bulk leaves in full records, and the rest with the flush")
    func bulk() throws {
        let channel = EmbeddedChannel(handler: RecordJoiner())
        let count = Mutex(0)
        var expected: [UInt8] = []
        for frame in 0..<9 {
            let header = [UInt8](repeating: UInt8(frame), count: 9)
            let content = [UInt8](repeating: UInt8(100 + frame), count: 1 << 14)
            expected += header + content
            channel.write(ByteBuffer(bytes: header), promise: nil)
            channel.write(ByteBuffer(bytes: content)).whenSuccess { count.withLock { $0 += 1 } }
        }
        channel.flush()
        let buffers = try written(channel)
        #expect(
            buffers.map(\.readableBytes) == [RecordJoiner.joinedBytes, RecordJoiner.joinedBytes, (1 << 14) + 81])
        #expect(buffers.flatMap { Array($0.readableBytesView) } == expected)
        #expect(count.withLock { $0 } == 9)
        _ = try channel.finish()
    }

    @Test("A write that ends where a buffer does keeps its promise; one larger than a buffer is cut")
    func edges() throws {
        let channel = EmbeddedChannel(handler: RecordJoiner())
        let count = Mutex(0)
        let sizes = [RecordJoiner.joinedBytes, RecordJoiner.joinedBytes * 2 + 1, 0]
        for size in sizes {
            channel.write(ByteBuffer(repeating: 7, count: size)).whenSuccess { count.withLock { $0 += 1 } }
        }
        channel.flush()
        #expect(try written(channel).map(\.readableBytes) == [1 << 16, 1 << 16, 1 << 16, 1])
        #expect(count.withLock { $0 } == 3)
        _ = try channel.finish()
    }
}
