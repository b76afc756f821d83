import Blake3
import Identity
import NIOCore
import Volumes

/// What a slot's node tells others of a snapshot that it made.
struct SnapshotNews: Hashable, Sendable {
    let volume: VolumeID
    /// The blob with its list of chunks.
    let blob: BlobID
    /// Of the lease under which it was made.
    let fence: UInt64
    /// Milliseconds since 1970-01-01T00:00:00Z.
    let createdMilliseconds: Int64

    private static let version: UInt8 = 1

    /// Whether it says more than another one of the same volume.
    func supersedes(_ other: SnapshotNews) -> Bool {
        (fence, createdMilliseconds) > (other.fence, other.createdMilliseconds)
    }
}

extension SnapshotNews {
    /// Integers are big-endian: version, fence, time, the blob's digest, and the volume as text to the end.
    var encoded: ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeInteger(SnapshotNews.version)
        bytes.writeInteger(fence)
        bytes.writeInteger(createdMilliseconds)
        bytes.writeBytes(blob.digest.bytes)
        bytes.writeString(volume.description)
        return bytes
    }

    /// Nil for anything else. Any bytes are allowed.
    init?(decoding encoded: ByteBuffer) {
        var bytes = encoded
        guard bytes.readInteger(as: UInt8.self) == SnapshotNews.version, let fence = bytes.readInteger(as: UInt64.self),
            let created = bytes.readInteger(as: Int64.self),
            let digest = bytes.readBytes(length: Digest.byteCount).flatMap({ Digest($0) }), bytes.readableBytes <= 160,
            let text = bytes.readBytes(length: bytes.readableBytes).flatMap({ String(validating: $0, as: UTF8.self) }),
            let volume = VolumeID(text)
        else { return nil }
        self.init(volume: volume, blob: BlobID(digest), fence: fence, createdMilliseconds: created)
    }
}
