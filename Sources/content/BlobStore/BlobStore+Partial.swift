public import Blake3
public import Identity
public import NIOCore
import NIOPosix

extension BlobStore {
    /// Continues what an earlier session left of a blob, also one of an earlier process, else begins: its verified
    /// blocks may arrive in any order.
    ///
    /// Blobs of one block are kept in memory until they are whole, and nothing is left of them otherwise.
    ///
    /// - Parameters:
    ///   - byteCount: The blob's size. What was left of a blob that claimed another size is discarded.
    ///   - blockValues: The chaining values of its blocks, which must imply `id`.
    /// - Throws: `.digestMismatch` when they do not, `.tooLarge`, `.diskFull` (the space is reserved here),
    ///   `.sessionBusy` while another session assembles the blob, `.ioFailed`, `.closed`. May wait for the disk.
    public func assemble(_ id: BlobID, byteCount: Int, blockValues: [Digest]) throws -> BlobAssembly {
        try requireOpen()
        try requireSize(byteCount)
        guard BlockTree.root(blockValues: blockValues, byteCount: byteCount) == id.digest else {
            throw BlobStoreError(
                .digestMismatch,
                "\(blockValues.count) block values and \(byteCount) bytes do not make blob \(id); ask another peer")
        }
        // The space of what is continued is reserved already.
        if partialBlobs.stat(id)?.byteCount != byteCount { try requireRoom(byteCount) }
        return try BlobAssembly(store: self, id: id, byteCount: byteCount, blockValues: blockValues)
    }

    /// As `assemble(_:byteCount:blockValues:)`, for tasks: the thread pool waits for the disk.
    public func assembly(of id: BlobID, byteCount: Int, blockValues: [Digest]) async throws -> BlobAssembly {
        try await threadPool.runIfActive { try self.assemble(id, byteCount: byteCount, blockValues: blockValues) }
    }

    /// What is here of a blob that is not whole yet; nil when there is nothing. From memory.
    public func partial(_ id: BlobID) throws -> PartialStat? {
        try requireOpen()
        return partialBlobs.stat(id)
    }

    /// All blobs that are not whole yet, those that are being assembled and those that wait for it, by digest.
    ///
    /// From memory.
    public func partials() throws -> [PartialStat] {
        try requireOpen()
        return partialBlobs.list()
    }

    /// Bytes that partial blobs reserve on the disk; from memory.
    public var partialBytes: Int { partialBlobs.bytes }

    /// Deletes what is here of a blob that is not whole; false when there is nothing.
    ///
    /// - Throws: `.sessionBusy` while a session assembles it, `.closed`.
    @discardableResult
    public func discardPartial(_ id: BlobID) throws -> Bool {
        try requireOpen()
        return try partialBlobs.discard(id)
    }

    /// What can be served of a blob, stored or partial; nil when nothing of it is here.
    public func held(_ id: BlobID) throws -> HeldBlob? {
        // In this order: a blob that becomes whole meanwhile is found in one place or the other.
        let partial = partialBlobs.stat(id)
        if let stat = try stat(id) { return HeldBlob(byteCount: stat.byteCount, held: nil) }
        return partial.map { HeldBlob(byteCount: $0.byteCount, held: $0.held) }
    }

    /// A block of a blob, stored or partial, for a peer, which verifies it. For event loops: what is in memory or in the
    /// page cache is there at once, everything else is read by the thread pool. A block that was hashed in the last ten
    /// minutes is not hashed again.
    ///
    /// Fails as `block(_:_:)`, with `.incomplete` when that block is missing, and with `.corrupt` when the disk has
    /// changed it; a partial blob goes on without that block then.
    public func heldBlock(_ id: BlobID, _ index: Int, on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer> {
        if let bytes = peerBlock(id, index) { return eventLoop.makeSucceededFuture(bytes) }
        if let bytes = partialBlobs.opened(id)?.readWithoutWaiting(index) {
            return eventLoop.makeSucceededFuture(bytes)
        }
        return threadPool.runIfActive(eventLoop: eventLoop) {
            let partial = try self.partialBlobs.open(id)
            if let partial, try self.stat(id) == nil { return try partial.read(index) }
            return try self.load(id, index)
        }
    }
}
