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
}
