import Blake3
import Identity
import NIOCore

/// What an ingest session holds: bytes that wait, the hash of those that were written, the file.
struct IngestParts: Sendable {
    enum Product: Sendable {
        case inline(BlobID, ByteBuffer)
        case file(DraftFile, BlobID, byteCount: Int, blockValues: [Digest])
    }

    /// What can be read back.
    private struct Written: Sendable {
        let descriptor: FileDescriptor
        let byteCount: Int
    }

    /// Bytes that are collected before a thread hashes and writes them: changing threads costs as much as hashing
    /// half a block.
    private static let flushByteCount = 512 << 10
    /// Hashed and written together, while they are in the processor's cache.
    private static let stepByteCount = BlockTree.blockByteCount

    /// Whole blocks.
    private var waiting: [ByteBuffer] = []
    /// Less than a block.
    private var pending = ByteBuffer()
    private var waitingCount = 0
    private var hasher = BlockHasher()
    private var file: DraftFile?
    /// What was written, for readers that come after the end; the file may have a new name or none by then.
    private var finished: Written?
    /// Counts what is written until the blob's row does. Released with the session, after the last call.
    private(set) var claim: SpaceClaim?

    /// Keeps a piece; false when it is time to flush.
    mutating func keep(_ bytes: ByteBuffer) -> Bool {
        var bytes = bytes
        waitingCount += bytes.readableBytes
        if pending.readableBytes > 0 {
            let room = Self.stepByteCount - pending.readableBytes
            if var head = bytes.readSlice(length: min(room, bytes.readableBytes)) { pending.writeBuffer(&head) }
            if pending.readableBytes == Self.stepByteCount {
                waiting.append(pending)
                pending = ByteBuffer()
            }
        }
        let whole = bytes.readableBytes / Self.stepByteCount * Self.stepByteCount
        if whole > 0, let blocks = bytes.readSlice(length: whole) { waiting.append(blocks) }
        if bytes.readableBytes > 0 {
            if waitingCount > Self.stepByteCount { pending.reserveCapacity(Self.stepByteCount) }
            pending.writeBuffer(&bytes)
        }
        return waitingCount < Self.flushByteCount
    }

    /// Hashes and writes the whole blocks that wait; blocks.
    mutating func flush(_ store: BlobStore) throws {
        for bytes in waiting { try bytes.withUnsafeReadableBytes { try write($0, store) } }
        waiting.removeAll(keepingCapacity: true)
        waitingCount = pending.readableBytes
    }

    /// Adds bytes after all that wait, and hashes and writes everything; blocks.
    mutating func append(_ bytes: UnsafeRawBufferPointer, _ store: BlobStore) throws {
        try flushAll(store)
        try write(bytes, store)
    }

    /// The blob. Blocks, unless it is small.
    mutating func complete(_ store: BlobStore, _ expecting: BlobID?) throws -> Product {
        if file != nil || waitingCount > store.settings.inlineLimitBytes { try flushAll(store) }
        if file == nil { pending.withUnsafeReadableBytes { hasher.update($0) } }
        let (digest, byteCount, blockValues) = hasher.finalize()
        let id = BlobID(digest)
        try store.requireSize(byteCount)
        if let expecting, expecting != id {
            throw BlobStoreError(
                .digestMismatch,
                "the \(byteCount) bytes that arrived are blob \(id), not \(expecting); send it again")
        }
        guard var file else { return .inline(id, pending) }
        try file.close()
        finished = Written(descriptor: file.descriptor, byteCount: byteCount)
        self.file = nil
        return .file(file, id, byteCount: byteCount, blockValues: blockValues)
    }

    /// Bytes that were taken, from `offset` on, at most `count`; empty behind them. Blocks.
    mutating func read(at offset: Int, upTo count: Int) throws -> ByteBuffer {
        try file?.useCache()
        if let written, offset < written.byteCount {
            let wanted = min(count, written.byteCount - offset)
            var bytes = ByteBuffer()
            try bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { space in
                let buffer = UnsafeMutableRawBufferPointer(rebasing: space[..<wanted])
                return try Files.read(written.descriptor, into: buffer, at: offset, path: "a draft")
            }
            return bytes
        }
        var start = file?.writtenCount ?? 0
        for part in waiting + [pending] {
            if offset < start + part.readableBytes {
                let skipped = offset - start
                let wanted = min(count, part.readableBytes - skipped)
                return part.getSlice(at: part.readerIndex + skipped, length: wanted) ?? ByteBuffer()
            }
            start += part.readableBytes
        }
        return ByteBuffer()
    }

    private var written: Written? {
        finished ?? file.map { Written(descriptor: $0.descriptor, byteCount: $0.writtenCount) }
    }

    mutating func discard() {
        // For those who go on reading.
        try? file?.useCache()
        file?.delete()
        let readable = written
        self = IngestParts()
        finished = readable
    }

    private mutating func flushAll(_ store: BlobStore) throws {
        try flush(store)
        try pending.withUnsafeReadableBytes { try write($0, store) }
        pending.clear()
        waitingCount = 0
    }

    private mutating func write(_ bytes: UnsafeRawBufferPointer, _ store: BlobStore) throws {
        if bytes.isEmpty { return }
        let (total, overflow) = (file?.writtenCount ?? 0).addingReportingOverflow(bytes.count)
        try store.requireSize(overflow ? .max : total)
        let claim = self.claim ?? SpaceClaim(store: store)
        self.claim = claim
        try claim.grow(by: bytes.count)
        if file == nil {
            file = try DraftFile(in: store.folder, directFrom: store.settings.directStreamBytes)
        }
        for start in stride(from: 0, to: bytes.count, by: Self.stepByteCount) {
            let step = UnsafeRawBufferPointer(rebasing: bytes[start...].prefix(Self.stepByteCount))
            hasher.update(step)
            try file?.append(step)
        }
    }
}
