import Blake3
public import Identity
public import NIOCore
import NIOPosix
import Synchronization

/// A session that stores a stream: any number of writes, then `finish` or `cancel`.
///
/// One call at a time. After a failed call the session is over and nothing of it is left. Larger blobs go to a temporary
/// file as they arrive, half a megabyte at a time, so that memory stays bounded.
public final class BlobIngest: Sendable {
    private enum Phase { case idle, busy, busyAndCancelled, over }

    private let store: BlobStore
    private let expecting: BlobID?
    private let phase = Mutex(Phase.idle)
    /// Used by the one call that has made the session busy.
    private let parts: Mutex<IngestParts>

    init(store: BlobStore, expecting: BlobID?) {
        self.store = store
        self.expecting = expecting
        parts = Mutex(IngestParts())
    }

    deinit { parts.withLock { $0.discard() } }

    /// Adds bytes; returns when they are hashed and handed to the operating system, or kept for the next write.
    ///
    /// - Throws: `BlobStoreError`: `.diskFull`, `.tooLarge`, `.ioFailed`, `.closed` after the end of the session,
    ///   `.sessionBusy` when another call is under way (which then goes on). Cancellation ends the session.
    public func write(_ bytes: ByteBuffer) async throws {
        try await exclusively(last: false) {
            try store.requireOpen()
            if parts.withLock({ $0.keep(bytes) }) { return }
            try await store.threadPool.runIfActive { [self] in
                try store.requireOpen()
                try parts.withLock { try $0.flush(store) }
            }
        }
    }

    /// Adds all bytes of an open file or pipe from its present position on; the fastest way for files.
    ///
    /// - Parameters:
    ///   - descriptor: Readable; stays open, and must until this returns.
    ///   - name: For messages, a path mostly.
    /// - Throws: As `write`, and `.ioFailed` when the file cannot be read.
    public func write(contentsOf descriptor: CInt, name: String) async throws {
        try await exclusively(last: false) {
            try await store.threadPool.runIfActive { [self] in
                let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceByteCount, alignment: 4096)
                defer { piece.deallocate() }
                while true {
                    try store.requireOpen()
                    let isCancelled = phase.withLock { $0 == .busyAndCancelled }
                    let count = isCancelled ? 0 : try Files.readNext(descriptor, into: piece, name: name)
                    if count == 0 { return }
                    let bytes = UnsafeRawBufferPointer(rebasing: piece.prefix(count))
                    try parts.withLock { try $0.append(bytes, store) }
                }
            }
        }
    }

    /// Bytes that were written, from `offset` on: at most `count`, and fewer where a part ends; empty behind what
    /// was written. May be called beside a write and after the end. They were not verified.
    ///
    /// - Throws: `BlobStoreError` `.ioFailed`.
    public func read(at offset: Int, upTo count: Int) async throws -> ByteBuffer {
        try await store.threadPool.runIfActive { [self] in
            try parts.withLock { try $0.read(at: max(0, offset), upTo: max(0, count)) }
        }
    }

    /// Read at once from a file.
    private static let pieceByteCount = 1 << 20

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
                parts.withLock { $0.claim?.land(as: id) }
                try await store.insertFile(file, id, byteCount: byteCount, blockValues: blockValues)
                // A session that assembles the same blob goes on, and ends without a second copy.
                _ = try? store.partialBlobs.discard(id)
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
}
