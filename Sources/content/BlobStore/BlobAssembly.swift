public import Blake3
import CLinux
public import Identity
public import NIOCore
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A session that stores a blob from blocks that arrive in any order, from several tasks at once.
///
/// The caller has verified the blocks with `BlockTree.blockValue`; they are not hashed again on the way to the disk,
/// but whenever they are read from it. Blocks of blobs above 256 KiB are in a temporary file.
public final class BlobAssembly: Sendable {
    private enum Phase { case open, finishing, over }

    private struct State {
        var phase = Phase.open
        /// For a blob of several blocks: which of them are in the file.
        var isWritten: [Bool]
        var missingCount: Int
        /// The blob itself when it is a single block.
        var single: ByteBuffer?
    }

    /// The blob that is assembled.
    public let id: BlobID
    /// Its size in bytes.
    public let byteCount: Int
    /// The chaining values of its blocks.
    public let blockValues: [Digest]
    private let store: BlobStore
    private let file: DraftFile?
    private let state: Mutex<State>

    init(store: BlobStore, id: BlobID, byteCount: Int, blockValues: [Digest]) throws {
        self.store = store
        self.id = id
        self.byteCount = byteCount
        self.blockValues = blockValues
        let isWritten = [Bool](repeating: false, count: blockValues.count)
        state = Mutex(State(isWritten: isWritten, missingCount: isWritten.count))
        if blockValues.count == 1 {
            file = nil
            return
        }
        let draft = try DraftFile(in: store.folder)
        file = draft
        guard skerry_fallocate(draft.descriptor.number, Int64(byteCount)) == 0 else {
            let number = errno
            draft.delete()
            throw BlobStoreError.file("reserve \(byteCount) bytes for", draft.path, number)
        }
    }

    deinit { cancel() }

    /// Number of blocks that are not written yet.
    public var missingCount: Int { state.withLock { $0.missingCount } }

    /// Writes a verified block; writing one twice is fine. Not durable before `finish`.
    ///
    /// - Throws: `BlobStoreError`: `.badBlock` for an index or a length that does not fit, `.diskFull`, `.ioFailed`,
    ///   `.closed` after the end of the session. Other blocks stay.
    public func write(block index: Int, _ bytes: ByteBuffer) async throws {
        try requireFitting(index, bytes)
        if let file { try await store.threadPool.runIfActive { try BlobAssembly.write(bytes, index, file) } }
        try note(index, bytes)
    }

    /// As `write(block:_:)`, for event loops: nothing but the writing itself changes threads.
    public func write(block index: Int, _ bytes: ByteBuffer, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        do {
            try requireFitting(index, bytes)
            guard let file else { return eventLoop.makeSucceededFuture(try note(index, bytes)) }
            return store.threadPool.runIfActive(eventLoop: eventLoop) {
                try BlobAssembly.write(bytes, index, file)
                try self.note(index, bytes)
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

    private static func write(_ bytes: ByteBuffer, _ index: Int, _ file: DraftFile) throws {
        try bytes.withUnsafeReadableBytes {
            try Files.write($0, to: file.descriptor, at: index * BlockTree.blockByteCount, path: file.path)
        }
    }

    private func note(_ index: Int, _ bytes: ByteBuffer) throws {
        try requireOpen()
        state.withLock { state in
            if file == nil { state.single = bytes }
            if !state.isWritten[index] { state.missingCount -= 1 }
            state.isWritten[index] = true
        }
    }

    /// A block that was written before, verified.
    ///
    /// - Throws: `.badBlock` for an index outside the blob, `.incomplete` when it was not written, `.corrupt` when the
    ///   disk returns other bytes (write it again), `.closed`.
    public func read(block index: Int) async throws -> ByteBuffer {
        try requireOpen()
        guard index >= 0, index < blockValues.count else {
            throw BlobStoreError(.badBlock, "blob \(id) has \(blockValues.count) blocks, there is no block \(index)")
        }
        let (isWritten, single) = state.withLock { ($0.isWritten[index], $0.single) }
        guard isWritten else {
            throw BlobStoreError(.incomplete, "block \(index) of blob \(id) has not arrived; wait for it")
        }
        if let single { return single }
        let bytes = try await store.threadPool.runIfActive { [self] in try readFile(index) }
        let value = bytes.withUnsafeReadableBytes { BlockTree.blockValue($0, index: index, byteCount: byteCount) }
        if value == blockValues[index] { return bytes }
        state.withLock { state in
            if state.isWritten[index] { state.missingCount += 1 }
            state.isWritten[index] = false
        }
        throw BlobStoreError(.corrupt, "block \(index) of unfinished blob \(id) changed on the disk; write it again")
    }

    /// A block that was written before, verified, if all of it is in the page cache: never waits for the disk, also while
    /// `finish` does. Nil for anything else; `read` says why.
    public func readWithoutWaiting(block index: Int) -> ByteBuffer? {
        guard let file, index >= 0, index < blockValues.count else { return nil }
        let length = BlockTree.blockLength(index, byteCount: byteCount)
        var bytes = ByteBuffer()
        bytes.reserveCapacity(length)
        let count = bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { space in
            let offset = Int64(index * BlockTree.blockByteCount)
            return max(0, skerry_preadv2_nowait(file.descriptor.number, space.baseAddress, length, offset))
        }
        guard count == length else { return nil }
        let value = bytes.withUnsafeReadableBytes { BlockTree.blockValue($0, index: index, byteCount: byteCount) }
        return value == blockValues[index] ? bytes : nil
    }

    /// Stores the blob: data, folder entry and index row are durable on return.
    ///
    /// - Throws: `.incomplete` while blocks are missing (the session goes on), `.digestMismatch` for a wrong single
    ///   block, `.diskFull`, `.ioFailed`, `.indexFailed`, `.closed`; after these the session is over.
    public func finish() async throws {
        let single = try state.withLock { state in
            guard state.phase == .open else { throw Self.ended(id) }
            guard state.missingCount == 0 else {
                throw BlobStoreError(.incomplete, "blob \(id) lacks \(state.missingCount) blocks; write them first")
            }
            state.phase = .finishing
            return state.single
        }
        defer { state.withLock { $0.phase = .over } }
        if let file {
            try await store.insertFile(file, id, byteCount: byteCount, blockValues: blockValues)
        } else if let single {
            let session = try store.ingest(expecting: id, sizeHint: byteCount)
            try await session.write(single)
            _ = try await session.finish()
        }
    }

    /// Ends the session and deletes what it wrote; does nothing after the end or while `finish` is under way.
    public func cancel() {
        let wasOpen = state.withLock { state in
            defer { if state.phase == .open { state.phase = .over } }
            return state.phase == .open
        }
        if wasOpen { file?.delete() }
    }

    private func requireOpen() throws {
        try store.requireOpen()
        if state.withLock({ $0.phase != .open }) { throw Self.ended(id) }
    }

    private func readFile(_ index: Int) throws -> ByteBuffer {
        var bytes = ByteBuffer()
        guard let file else { return bytes }
        let length = BlockTree.blockLength(index, byteCount: byteCount)
        bytes.reserveCapacity(length)
        try bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { space in
            try Files.read(
                file.descriptor, into: UnsafeMutableRawBufferPointer(rebasing: space.prefix(length)),
                at: index * BlockTree.blockByteCount, path: file.path)
        }
        return bytes
    }

    private static func ended(_ id: BlobID) -> BlobStoreError {
        BlobStoreError(.closed, "the assembly of blob \(id) has ended; begin another one")
    }
}
