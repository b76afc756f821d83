import Identity
import NIOCore

/// Cuts the stream of a snapshot into chunks and stores those that are new.
struct SnapshotCutter {
    private let blobs: any VolumeBlobs
    private var chunker = ContentChunker()
    private var current = ByteBuffer()
    private var chunks: [VolumeSnapshot.Chunk] = []
    private var newBytes = 0

    init(blobs: any VolumeBlobs) { self.blobs = blobs }

    /// - Throws: ``VolumeError`` `.tooLarge` beyond ``VolumeLimits/maxChunks``.
    mutating func append(_ bytes: ByteBuffer) async throws {
        var bytes = bytes
        while bytes.readableBytes > 0 {
            let cut = bytes.withUnsafeReadableBytes { chunker.cut($0) }
            guard let part = bytes.readSlice(length: cut ?? bytes.readableBytes) else { return }
            current.writeImmutableBuffer(part)
            if cut != nil { try await store() }
        }
    }

    /// The rest; what there is of chunks.
    mutating func finish() async throws -> (chunks: [VolumeSnapshot.Chunk], newBytes: Int) {
        if current.readableBytes > 0 { try await store() }
        return (chunks, newBytes)
    }

    private mutating func store() async throws {
        guard chunks.count < VolumeLimits.maxChunks else {
            throw VolumeError(.tooLarge, "The snapshot has more than \(VolumeLimits.maxChunks) chunks")
        }
        let bytes = current
        current = ByteBuffer()
        let (blob, isNew) = try await blobs.put(bytes)
        if isNew { newBytes += bytes.readableBytes }
        chunks.append(VolumeSnapshot.Chunk(blob: blob, byteCount: bytes.readableBytes))
    }
}
