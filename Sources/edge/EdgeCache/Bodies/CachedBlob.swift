import Gateway
import HTTPCache
import Logging
import NIOCore
import Synchronization

/// A stored body that is being sent. When it turns out to be damaged or lost, the cache forgets it, and what is missing
/// comes from another node or the origin.
final class CachedBlob: GatewayBlob {
    private let blob: any GatewayBlob
    private let record: StoredResponse
    private let call: CacheCall
    private let cache: EdgeCache
    private let rescue: BodyRescue
    private let isLost = Atomic(false)

    init(_ blob: any GatewayBlob, of record: StoredResponse, for call: CacheCall, in cache: EdgeCache) {
        self.blob = blob
        self.record = record
        self.call = call
        self.cache = cache
        rescue = BodyRescue(byteCount: blob.byteCount) { IncomingBody(of: record, from: $0, for: call, in: cache) }
    }

    var byteCount: Int { blob.byteCount }

    func demand(_ bytes: Range<Int>) { blob.demand(bytes) }

    func block(_ index: Int, on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer> {
        if isLost.load(ordering: .acquiring) { return rescued(index, on: eventLoop) }
        return blob.block(index, on: eventLoop).flatMapError { [self] error in
            if !isLost.exchange(true, ordering: .acquiringAndReleasing) { lose(error) }
            return rescued(index, on: eventLoop)
        }
    }

    func close() {
        blob.close()
        if isLost.load(ordering: .acquiring) { Task { [rescue] in await rescue.stop() } }
    }

    private func rescued(_ index: Int, on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer> {
        eventLoop.makeFutureWithTask { [rescue] in try await rescue.block(index) }
    }

    private func lose(_ error: any Error) {
        cache.logger.warning(
            "A stored body cannot be read", metadata: ["url": "\(record.key.url)", "error": "\(error)"])
        cache.counters.lostBody()
        Task { [cache, record, call] in await cache.forget(record, call.plan.app) }
    }
}

/// Blocks of a body that cannot be read here any more, from wherever they are.
private actor BodyRescue {
    private let byteCount: Int
    private let begin: @Sendable (_ offset: Int64) -> IncomingBody
    private var body: IncomingBody?
    private var position = 0
    private var waiting = ByteBuffer()
    private var isStopped = false

    init(byteCount: Int, begin: @escaping @Sendable (Int64) -> IncomingBody) {
        self.byteCount = byteCount
        self.begin = begin
    }

    /// One at a time; fastest in order.
    func block(_ index: Int) async throws -> ByteBuffer {
        let start = index * GatewayBlock.byteCount
        if position != start {
            stopReading()
            waiting = ByteBuffer()
        }
        var reading = body.take() ?? begin(Int64(start))
        let count = min(GatewayBlock.byteCount, byteCount - start)
        while waiting.readableBytes < count, !isStopped, let bytes = try await reading.next() {
            waiting.writeImmutableBuffer(bytes)
        }
        body = reading
        if isStopped { stopReading() }
        guard let block = waiting.readSlice(length: count) else { throw EdgeCacheError("The rest of the body is lost") }
        waiting.discardReadBytes()
        position = start + count
        return block
    }

    func stop() {
        isStopped = true
        stopReading()
    }

    private func stopReading() { body.take()?.stop() }
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
