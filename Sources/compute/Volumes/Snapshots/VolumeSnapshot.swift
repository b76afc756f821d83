import Blake3
public import Identity
public import NIOCore

/// The content of a volume at a time: a list of chunks, itself a blob. Equal chunks of all snapshots are stored once.
public struct VolumeSnapshot: Sendable, Hashable {
    /// A piece of the stream.
    public struct Chunk: Sendable, Hashable {
        /// The bytes.
        public let blob: BlobID
        /// 1 to ``ContentChunker/maxBytes``.
        public let byteCount: Int
    }

    /// The volume that it was made of.
    public let volume: VolumeID
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public let createdMilliseconds: Int64
    /// Files, folders and links.
    public let entryCount: Int
    /// Of the files together.
    public let contentBytes: Int
    /// In order.
    public let chunks: [Chunk]

    private static let magic = Array("SKVOLUME".utf8)
    private static let version: UInt8 = 1
    /// The longest encoding, in bytes.
    public static let maxBytes = 512 + VolumeLimits.maxChunks * (Digest.byteCount + 4)

    /// A snapshot; nothing is checked.
    public init(
        volume: VolumeID, createdMilliseconds: Int64, entryCount: Int, contentBytes: Int, chunks: [Chunk]
    ) {
        self.volume = volume
        self.createdMilliseconds = createdMilliseconds
        self.entryCount = entryCount
        self.contentBytes = contentBytes
        self.chunks = chunks
    }

    /// Its bytes. Integers are big-endian; a text is its length and its UTF-8.
    public var encoded: ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeBytes(VolumeSnapshot.magic)
        bytes.writeInteger(VolumeSnapshot.version)
        let name = volume.description
        bytes.writeInteger(UInt8(clamping: name.utf8.count))
        bytes.writeString(name)
        bytes.writeInteger(createdMilliseconds)
        bytes.writeInteger(UInt32(clamping: entryCount))
        bytes.writeInteger(UInt64(clamping: contentBytes))
        bytes.writeInteger(UInt32(clamping: chunks.count))
        for chunk in chunks {
            bytes.writeBytes(chunk.blob.digest.bytes)
            bytes.writeInteger(UInt32(clamping: chunk.byteCount))
        }
        return bytes
    }

    /// Reads a snapshot. Any bytes are allowed.
    ///
    /// - Throws: ``VolumeError`` `.badSnapshot`.
    public init(decoding encoded: ByteBuffer) throws(VolumeError) {
        let bad = VolumeError(
            .badSnapshot,
            "The blob is no snapshot of a volume that this version reads; `skerry volumes list` shows the snapshots")
        var bytes = encoded
        guard bytes.readBytes(length: VolumeSnapshot.magic.count) == VolumeSnapshot.magic,
            bytes.readInteger(as: UInt8.self) == VolumeSnapshot.version,
            let nameBytes = bytes.readInteger(as: UInt8.self),
            let name = bytes.readBytes(length: Int(nameBytes)).flatMap({ String(validating: $0, as: UTF8.self) }),
            let volume = VolumeID(name), let created = bytes.readInteger(as: Int64.self),
            let entryCount = bytes.readInteger(as: UInt32.self), entryCount <= VolumeLimits.maxEntries,
            let contentBytes = bytes.readInteger(as: UInt64.self), contentBytes <= Int.max >> 8,
            let count = bytes.readInteger(as: UInt32.self), count <= VolumeLimits.maxChunks,
            bytes.readableBytes == Int(count) * (Digest.byteCount + 4)
        else { throw bad }
        var chunks: [Chunk] = []
        chunks.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let digest = bytes.readBytes(length: Digest.byteCount).flatMap({ Digest($0) }),
                let byteCount = bytes.readInteger(as: UInt32.self), byteCount > 0,
                byteCount <= ContentChunker.maxBytes
            else { throw bad }
            chunks.append(Chunk(blob: BlobID(digest), byteCount: Int(byteCount)))
        }
        self.init(
            volume: volume, createdMilliseconds: created, entryCount: Int(entryCount),
            contentBytes: Int(contentBytes), chunks: chunks)
    }
}
