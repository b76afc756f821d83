public import Blake3
public import Identity
public import NIOCore
import NIOPosix

extension BlobStore {
    /// As `held(_:)`, for event loops: what is in memory is there at once; for everything else the thread pool asks the
    /// index.
    public func held(_ id: BlobID, on eventLoop: any EventLoop) -> EventLoopFuture<HeldBlob?> {
        // In this order, as `held(_:)`.
        let partial = partialBlobs.stat(id)
        if let stat = memory({ $0.stat(id) }) {
            return eventLoop.makeSucceededFuture(HeldBlob(byteCount: stat.byteCount, held: nil))
        }
        if let partial {
            return eventLoop.makeSucceededFuture(HeldBlob(byteCount: partial.byteCount, held: partial.held))
        }
        return threadPool.runIfActive(eventLoop: eventLoop) { try self.held(id) }
    }

    /// As `blockValues(_:)`, for event loops: those of a blob that is open are there at once, without a look at the disk;
    /// everything else is read by the thread pool.
    public func blockValues(_ id: BlobID, on eventLoop: any EventLoop) -> EventLoopFuture<[Digest]?> {
        if let open = memory({ $0.openBlob(id) }) { return eventLoop.makeSucceededFuture(open.blockValues) }
        return threadPool.runIfActive(eventLoop: eventLoop) { try self.blockValues(id) }
    }
}
