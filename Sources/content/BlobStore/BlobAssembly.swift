public import Blake3
public import Identity
public import NIOCore
import NIOPosix
import Synchronization

/// A session that stores a blob from blocks that arrive in any order, from several tasks at once.
///
/// The caller has verified the blocks with `BlockTree.blockValue`; they are not hashed again on the way to the disk,
/// but whenever they are read from it. What was written of a blob above 256 KiB outlives the session, and from time to
/// time (`Settings.partialSaveBytes`) is made to outlive the process: `BlobStore.assemble` continues it.
public final class BlobAssembly: Sendable {
    private enum Phase { case open, finishing, over }

    private struct State {
        var phase = Phase.open
        /// The blob itself when it is a single block.
        var single: ByteBuffer?
        /// Wait for the end of `finish`.
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    /// The blob that is assembled.
    public let id: BlobID
    /// Its size in bytes.
    public let byteCount: Int
    /// The chaining values of its blocks.
    public let blockValues: [Digest]
    private let store: BlobStore
    /// Nil for a blob of a single block.
    private let partial: PartialBlob?
    private let state = Mutex(State())

    init(store: BlobStore, id: BlobID, byteCount: Int, blockValues: [Digest]) throws {
        self.store = store
        self.id = id
        self.byteCount = byteCount
        self.blockValues = blockValues
        partial =
            blockValues.count == 1
            ? nil : try store.partialBlobs.begin(id, byteCount: byteCount, blockValues: blockValues)
    }

    deinit {
        guard let partial, state.withLock({ $0.phase == .open }) else { return }
        let partials = store.partialBlobs
        store.threadPool.submit { _ in partials.suspend(partial) }
    }

    /// The blocks that need not be written any more: those of this session and of the ones that it continues.
    public var held: BlockSet {
        if let partial { return partial.held }
        return state.withLock { $0.single == nil ? BlockSet(blockCount: 1) : .all(1) }
    }

    /// Number of blocks that are not written yet.
    public var missingCount: Int { partial?.missingCount ?? (1 - held.count) }

    /// Writes a verified block; writing one twice is fine. Not durable before `finish` or `suspend`.
    ///
    /// - Parameter isReadSoon: The block goes through the page cache, whatever `Settings.directBytes` says.
    /// - Throws: `BlobStoreError`: `.badBlock` for an index or a length that does not fit, `.diskFull`, `.ioFailed`,
    ///   `.closed` after the end of the session. Other blocks stay.
    public func write(block index: Int, _ bytes: ByteBuffer, isReadSoon: Bool = false) async throws {
        try requireFitting(index, bytes)
        guard let partial else { return keep(bytes) }
        try await store.threadPool.runIfActive { [self] in try write(bytes, index, partial, isReadSoon) }
    }

    /// As `write(block:_:isReadSoon:)`, for event loops: nothing but the writing itself changes threads.
    public func write(
        block index: Int, _ bytes: ByteBuffer, isReadSoon: Bool = false, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Void> {
        do {
            try requireFitting(index, bytes)
            guard let partial else { return eventLoop.makeSucceededFuture(keep(bytes)) }
            return store.threadPool.runIfActive(eventLoop: eventLoop) {
                try self.write(bytes, index, partial, isReadSoon)
            }
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
    }

    private func requireFitting(_ index: Int, _ bytes: ByteBuffer) throws {
        try requireOpen()
        guard index >= 0, index < blockValues.count,
            bytes.readableBytes == BlockTree.blockLength(index, byteCount: byteCount)
        else {
            throw BlobStoreError(
                .badBlock, "\(bytes.readableBytes) bytes are no block \(index) of blob \(id) with \(byteCount) bytes")
        }
    }

    private func write(_ bytes: ByteBuffer, _ index: Int, _ partial: PartialBlob, _ isReadSoon: Bool) throws {
        if try partial.write(bytes, block: index, isReadSoon: isReadSoon) {
            let partials = store.partialBlobs
            store.threadPool.submit { _ in partials.save(partial) }
        }
        try requireOpen()
    }

    private func keep(_ bytes: ByteBuffer) { state.withLock { $0.single = bytes } }

    /// A block that was written before, verified.
    ///
    /// - Throws: `.badBlock` for an index outside the blob, `.incomplete` when it was not written, `.corrupt` when the
    ///   disk returns other bytes (write it again), `.closed`.
    public func read(block index: Int) async throws -> ByteBuffer {
        try requireOpen()
        if let partial {
            try partial.requireHeld(index)
            return try await store.threadPool.runIfActive { try partial.read(index) }
        }
        guard index == 0 else {
            throw BlobStoreError(.badBlock, "blob \(id) has one block, there is no block \(index)")
        }
        guard let bytes = state.withLock({ $0.single }) else {
            throw BlobStoreError(.incomplete, "the only block of blob \(id) has not arrived; wait for it")
        }
        return bytes
    }

    /// A block that was written before, verified, if all of it is in the page cache: never waits for the disk, also while
    /// `finish` does. Nil for anything else; `read` says why.
    public func readWithoutWaiting(block index: Int) -> ByteBuffer? { partial?.readWithoutWaiting(index) }

    /// Stores the blob: data, folder entry and index row are durable on return.
    ///
    /// Blocks of an earlier session that nobody has read since are verified first.
    ///
    /// - Throws: `.incomplete` while blocks are missing, also when damaged ones of an earlier session were found: see
    ///   `held`, the session goes on. After all other errors it is over, and what it wrote of a blob above 256 KiB is
    ///   kept for the next one: `.digestMismatch` for a wrong single block, `.diskFull`, `.ioFailed`, `.indexFailed`,
    ///   `.closed`.
    public func finish() async throws {
        let missing = missingCount
        let single = try state.withLock { state in
            guard state.phase == .open else { throw Self.ended(id) }
            guard missing == 0 else {
                throw BlobStoreError(.incomplete, "blob \(id) lacks \(missing) blocks; write them first")
            }
            state.phase = .finishing
            return state.single
        }
        if let partial {
            try await finish(partial)
        } else if let bytes = single {
            defer { leave(.over) }
            let session = try store.ingest(expecting: id, sizeHint: byteCount)
            try await session.write(bytes)
            _ = try await session.finish()
        }
    }

    private func finish(_ partial: PartialBlob) async throws {
        do {
            try store.requireOpen()
            try await store.threadPool.runIfActive {
                try partial.requireSound()
                try partial.verifyInherited()
            }
        } catch {
            leave(.open)
            throw error
        }
        let claim = SpaceClaim(store: store)
        claim.land(as: id, adding: byteCount)
        defer {
            claim.release()
            leave(.over)
        }
        do {
            try await store.insertFile(partial)
        } catch {
            await suspend(partial)
            throw error
        }
        store.partialBlobs.remove(partial)
    }

    /// Ends the phase of `finish`.
    private func leave(_ next: Phase) {
        let waiters = state.withLock { state in
            state.phase = next
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Ends the session and keeps what it wrote for the next one, also after a restart of the node: durable on return,
    /// unless the disk has no room for the list of what is here; that is logged, and tried again when the store closes.
    /// Waits for a `finish` that is under way, which stores the blob or keeps it. Does nothing after the end.
    public func suspend() async {
        while !end() {
            await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
                let mustWait = state.withLock { state in
                    if state.phase == .finishing { state.waiters.append(waiter) }
                    return state.phase == .finishing
                }
                if !mustWait { waiter.resume() }
            }
            if state.withLock({ $0.phase == .over }) { return }
        }
        if let partial { await suspend(partial) }
    }

    private func suspend(_ partial: PartialBlob) async {
        let partials = store.partialBlobs
        let threadPool = store.threadPool
        await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
            threadPool.submit { _ in
                partials.suspend(partial)
                waiter.resume()
            }
        }
    }

    /// Ends the session and deletes what it and those before it wrote; does nothing after the end or while `finish` is
    /// under way.
    public func cancel() {
        if end(), let partial { store.partialBlobs.remove(partial) }
    }

    /// Whether the session was open.
    private func end() -> Bool {
        state.withLock { state in
            defer { if state.phase == .open { state.phase = .over } }
            return state.phase == .open
        }
    }

    private func requireOpen() throws {
        try store.requireOpen()
        if state.withLock({ $0.phase != .open }) { throw Self.ended(id) }
    }

    private static func ended(_ id: BlobID) -> BlobStoreError {
        BlobStoreError(.closed, "the assembly of blob \(id) has ended; begin another one")
    }
}
