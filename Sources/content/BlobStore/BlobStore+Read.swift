public import Blake3
public import Identity
import Logging
import Metrics
public import NIOCore
import NIOPosix
import Synchronization

extension BlobStore {
    /// Attempts at reading a blob that is deleted and stored again at the same time.
    private static let maxReadAttempts = 3

    /// A verified block, from memory or the disk.
    ///
    /// - Throws: `BlobStoreError`: `.notFound`, `.badBlock`, or `.corrupt` when the bytes on disk are not those that
    ///   were stored or cannot be read; the blob is then dropped from the index and its file moved to `corrupt/`. Cancellation is
    ///   noticed before the disk is read.
    public func block(_ id: BlobID, _ index: Int) async throws -> ByteBuffer {
        noteUse(id)
        if let bytes = blockWithoutWaiting(id, index) { return bytes }
        return try await threadPool.runIfActive { try self.load(id, index) }
    }

    /// As `block(_:_:)`, for event loops: what is in memory or in the page cache is there at once, without a change
    /// of threads; everything else is read by the thread pool.
    public func block(_ id: BlobID, _ index: Int, on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer> {
        noteUse(id)
        if let bytes = blockWithoutWaiting(id, index) { return eventLoop.makeSucceededFuture(bytes) }
        return threadPool.runIfActive(eventLoop: eventLoop) { try self.load(id, index) }
    }

    /// The chaining values of all blocks (the digest itself for a single block) of a blob that is stored or partial;
    /// nil when nothing of it is here.
    ///
    /// Checked against the digest. Reads a file when the blob is not open: call it from a thread that may wait.
    public func blockValues(_ id: BlobID) throws -> [Digest]? {
        try retrying(id) { generation in
            // In this order: a blob that becomes whole meanwhile is found in one place or the other.
            let partial = try partialBlobs.open(id)
            guard let stat = try stat(id) else { return partial?.file.blockValues }
            return stat.blockCount == 1 ? [id.digest] : try openBlob(stat, generation).blockValues
        }
    }

    /// All bytes of a blob, verified.
    ///
    /// - Throws: As `block`, and `.tooLarge` when the blob has more than `limit` bytes.
    public func readAll(_ id: BlobID, limit: Int) async throws -> ByteBuffer {
        if let bytes = hot(id), bytes.readableBytes <= limit { return bytes }
        guard let stat = try stat(id) else { throw Self.notFound(id) }
        guard stat.byteCount <= limit else {
            throw BlobStoreError(
                .tooLarge, "blob \(id) has \(stat.byteCount) bytes, the limit here is \(limit); read it block by block")
        }
        var bytes = try await block(id, 0)
        if stat.blockCount == 1 { return bytes }
        bytes.reserveCapacity(stat.byteCount)
        for index in 1..<stat.blockCount { bytes.writeImmutableBuffer(try await block(id, index)) }
        return bytes
    }

    func blockWithoutWaiting(_ id: BlobID, _ index: Int) -> ByteBuffer? {
        remembered(id, index) { open in open.readWithoutWaiting(index).map { ($0, isVerified: true) } }
    }

    /// As `blockWithoutWaiting`, for a peer.
    func peerBlock(_ id: BlobID, _ index: Int) -> ByteBuffer? {
        let now = time.openMilliseconds
        return remembered(id, index) { open in open.readForPeer(index, now: now) }
    }

    /// A block from memory, else from an open file; what was verified stays in memory.
    private func remembered(
        _ id: BlobID, _ index: Int, _ read: (OpenBlob) -> (bytes: ByteBuffer, isVerified: Bool)?
    ) -> ByteBuffer? {
        let (hot, open, generation) = memory { memory in
            let hot = memory.hotBlock(id, index)
            return (hot, hot == nil ? memory.openBlob(id) : nil, memory.generation)
        }
        if let hot {
            metrics.hotHits.increment()
            return hot.bytes
        }
        metrics.hotMisses.increment()
        guard let open, index >= 0, index < open.stat.blockCount, let block = read(open) else { return nil }
        if block.isVerified { memory { $0.remember(block.bytes, open.stat, index, generation: generation) } }
        return block.bytes
    }

    /// Reads and verifies a block; blocks.
    func load(_ id: BlobID, _ index: Int) throws -> ByteBuffer {
        foregroundReads.wrappingAdd(1, ordering: .relaxed)
        return try retrying(id) { generation in
            guard let stat = try stat(id) else { throw Self.notFound(id) }
            guard index >= 0, index < stat.blockCount else {
                throw BlobStoreError(.badBlock, "blob \(id) has \(stat.blockCount) blocks, there is no block \(index)")
            }
            let bytes = stat.isInline ? try inlineBytes(stat) : try openBlob(stat, generation).read(index)
            memory { $0.remember(bytes, stat, index, generation: generation) }
            return bytes
        }
    }

    private func openBlob(_ stat: BlobStat, _ generation: UInt64) throws -> OpenBlob {
        if let open = memory({ $0.openBlob(stat.id) }) { return open }
        let open = try OpenBlob(stat, folder: folder)
        memory { $0.remember(open, generation: generation) }
        return open
    }

    func inlineBytes(_ stat: BlobStat) throws -> ByteBuffer {
        guard let bytes = try index.inlineBytes(stat.id) else { throw Damage(reason: "is missing", file: nil) }
        guard bytes.withUnsafeReadableBytes({ Blake3.hash($0) }) == stat.id.digest else {
            throw Damage(reason: "has other bytes than were stored", file: nil)
        }
        return bytes
    }

    /// Runs `body`, which gets the number of deletions so far; a damaged blob is set aside and reported.
    private func retrying<Value>(_ id: BlobID, _ body: (UInt64) throws -> Value) throws -> Value {
        var attempt = 1
        while true {
            do {
                try requireOpen()
                return try body(memory { $0.generation })
            } catch let damage as Damage {
                if quarantine(id, damage) {
                    throw BlobStoreError(
                        .corrupt, "the stored copy of blob \(id) \(damage.reason); it was dropped, fetch it again")
                }
                attempt += 1
                guard attempt <= Self.maxReadAttempts else { throw Self.notFound(id) }
            }
        }
    }

    /// Drops a damaged blob; durable on return. False when it was only read while it was deleted or replaced.
    func quarantine(_ id: BlobID, _ damage: Damage) -> Bool {
        writer.drain()
        let found = try? index.stat(id)
        guard let stat = found ?? nil else { return false }
        let isCurrent = alone(with: id) { pending in
            memory { $0.forget(stat) }
            guard pending.deletions == 0 else { return false }
            if !stat.isInline {
                guard folder.inode(id) == damage.inode else { return false }
                folder.setAside(id)
            }
            enqueueDeletion(id, .damaged, &pending) { [logger] result in
                if case .failure(let error) = result {
                    logger.error("a damaged blob stays in the index", metadata: ["blob": "\(id)", "error": "\(error)"])
                }
            }
            return true
        }
        guard isCurrent else { return false }
        writer.drain()
        folder.trimCorrupt(maxBytes: settings.corruptBytes)
        damageReports.send(DamagedBlob(id: id, reason: damage.reason))
        metrics.corrupt.increment()
        logger.error("stored blob is damaged", metadata: ["blob": "\(id)", "reason": "\(damage.reason)"])
        return true
    }

    static func notFound(_ id: BlobID) -> BlobStoreError {
        BlobStoreError(.notFound, "blob \(id) is not stored here; fetch it from a peer or upload it")
    }
}
