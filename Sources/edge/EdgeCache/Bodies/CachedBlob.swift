import Gateway
import NIOCore

/// A stored body that is being sent. Says when it turns out to be damaged or lost.
final class CachedBlob: GatewayBlob {
    private let blob: any GatewayBlob
    private let onLoss: @Sendable () -> Void

    init(_ blob: any GatewayBlob, onLoss: @escaping @Sendable () -> Void) {
        self.blob = blob
        self.onLoss = onLoss
    }

    var byteCount: Int { blob.byteCount }

    func demand(_ bytes: Range<Int>) { blob.demand(bytes) }

    func block(_ index: Int, on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer> {
        let block = blob.block(index, on: eventLoop)
        block.whenFailure { [onLoss] _ in onLoss() }
        return block
    }

    func close() { blob.close() }
}

/// A body in memory.
struct BufferBlob: GatewayBlob {
    private let bytes: ByteBuffer

    init(_ bytes: ByteBuffer) { self.bytes = bytes }

    var byteCount: Int { bytes.readableBytes }

    func demand(_ bytes: Range<Int>) {}

    func block(_ index: Int, on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer> {
        let start = index * GatewayBlock.byteCount
        let count = min(GatewayBlock.byteCount, byteCount - start)
        let block = bytes.getSlice(at: bytes.readerIndex + start, length: count) ?? ByteBuffer()
        return eventLoop.makeSucceededFuture(block)
    }

    func close() {}
}
