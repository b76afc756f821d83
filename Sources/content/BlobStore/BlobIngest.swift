import Blake3
public import Identity
public import NIOCore
import NIOPosix
import Synchronization

/// A session that stores a stream: any number of writes, then `finish` or `cancel`.
///
/// One call at a time. After a failed call the session is over and nothing of it is left. Blobs above 256 KiB go to a
/// temporary file as they arrive, so that memory stays bounded.
public final class BlobIngest: Sendable {
    private enum Phase { case idle, busy, busyAndCancelled, over }

    private enum Product: Sendable {
        case inline(BlobID, ByteBuffer)
        case file(DraftFile, BlobID, byteCount: Int, blockValues: [Digest])
    }

    private let store: BlobStore
    private let expecting: BlobID?
    private let phase = Mutex(Phase.idle)
    /// Used by the one call that has made the session busy.
    private let parts: Mutex<Parts>

    init(store: BlobStore, expecting: BlobID?) {
        self.store = store
        self.expecting = expecting
        parts = Mutex(Parts())
    }

    deinit { parts.withLock { $0.discard() } }

    /// Adds bytes; returns when they are hashed and handed to the operating system, or kept for the next write.
    ///
    /// - Throws: `BlobStoreError`: `.diskFull`, `.tooLarge`, `.ioFailed`, `.closed` after the end of the session,
    ///   `.sessionBusy` when another call is under way (which then goes on). Cancellation ends the session.
    public func write(_ bytes: ByteBuffer) async throws {
        try await exclusively(last: false) {
            if parts.withLock({ $0.keep(bytes) }) { return }
            try await store.threadPool.runIfActive { [self] in
                try store.requireOpen()
                try parts.withLock { try $0.append(bytes, store) }
            }
        }
    }

    /// Stores the blob: data, folder entry and index row are durable on return.
    ///
    /// - Returns: The blob's name and size in bytes.
    /// - Throws: As `write`, and `.digestMismatch` when it is not the blob that was expected.
    public func finish() async throws -> (BlobID, Int) {
        try await exclusively(last: true) {
            let product = try await store.threadPool.runIfActive { [self] in
                try store.requireOpen()
                return try parts.withLock { try $0.complete(store, expecting) }
            }
            switch product {
            case .inline(let id, let bytes):
                try await store.insertInline(id, bytes)
                return (id, bytes.readableBytes)
            case .file(let file, let id, let byteCount, let blockValues):
                try await store.insertFile(file, id, byteCount: byteCount, blockValues: blockValues)
                return (id, byteCount)
            }
        }
    }

    /// Ends the session and deletes what it wrote, after the call that is under way; does nothing after the end.
    public func cancel() {
        let isIdle = phase.withLock { phase in
            switch phase {
            case .idle:
                phase = .over
                return true
            case .busy:
                phase = .busyAndCancelled
                return false
            case .busyAndCancelled, .over: return false
            }
        }
        if isIdle { parts.withLock { $0.discard() } }
    }

    private func exclusively<Value>(last: Bool, _ body: () async throws -> Value) async throws -> Value {
        try phase.withLock { phase in
            switch phase {
            case .idle: phase = .busy
            case .busy, .busyAndCancelled:
                throw BlobStoreError(.sessionBusy, "an ingest takes one call at a time; await the one before")
            case .over:
                throw BlobStoreError(.closed, "this ingest has ended; begin another one")
            }
        }
        do {
            let value = try await body()
            let isOver = phase.withLock { phase in
                phase = last || phase == .busyAndCancelled ? .over : .idle
                return phase == .over
            }
            if isOver { parts.withLock { $0.discard() } }
            return value
        } catch {
            phase.withLock { $0 = .over }
            parts.withLock { $0.discard() }
            throw error
        }
    }

    /// Bytes that are collected before they are hashed and written.
    private static let flushByteCount = BlockTree.blockByteCount

    private struct Parts: Sendable {
        var pending = ByteBuffer()
        var hasher = BlockHasher()
        var file: DraftFile?
        var writtenCount = 0

        /// Keeps a piece that needs no work yet; false when it does.
        mutating func keep(_ bytes: ByteBuffer) -> Bool {
            guard pending.readableBytes + bytes.readableBytes < flushByteCount else { return false }
            pending.writeImmutableBuffer(bytes)
            return true
        }

        /// Hashes and writes all whole blocks of what there is now.
        mutating func append(_ bytes: ByteBuffer, _ store: BlobStore) throws {
            var bytes = bytes
            try store.requireSize(writtenCount + pending.readableBytes + bytes.readableBytes)
            if pending.readableBytes > 0 {
                let room = max(0, flushByteCount - pending.readableBytes)
                if var head = bytes.readSlice(length: min(room, bytes.readableBytes)) { pending.writeBuffer(&head) }
                guard pending.readableBytes >= flushByteCount else { return }
                try flush(pending, store)
                pending.clear()
            }
            let whole = bytes.readableBytes / flushByteCount * flushByteCount
            if whole > 0, let direct = bytes.readSlice(length: whole) { try flush(direct, store) }
            pending.writeBuffer(&bytes)
        }

        mutating func complete(_ store: BlobStore, _ expecting: BlobID?) throws -> Product {
            if file != nil || pending.readableBytes > store.settings.inlineLimitBytes { try flush(pending, store) }
            if file == nil { pending.withUnsafeReadableBytes { hasher.update($0) } }
            let (digest, byteCount, blockValues) = hasher.finalize()
            let id = BlobID(digest)
            try store.requireSize(byteCount)
            if let expecting, expecting != id {
                throw BlobStoreError(
                    .digestMismatch,
                    "the \(byteCount) bytes that arrived are blob \(id), not \(expecting); send it again")
            }
            guard let file else { return .inline(id, pending) }
            self.file = nil
            return .file(file, id, byteCount: byteCount, blockValues: blockValues)
        }

        mutating func discard() {
            file?.delete()
            self = Parts()
        }

        private mutating func flush(_ bytes: ByteBuffer, _ store: BlobStore) throws {
            try store.folder.requireSpace(bytes.readableBytes)
            let file = try self.file ?? DraftFile(in: store.folder)
            self.file = file
            try bytes.withUnsafeReadableBytes { bytes in
                hasher.update(bytes)
                try Files.write(bytes, to: file.descriptor, at: writtenCount, path: file.path)
            }
            writtenCount += bytes.readableBytes
        }
    }
}
