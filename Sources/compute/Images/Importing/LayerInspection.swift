import Blake3
import Identity
import NIOCore
import Synchronization

/// Looks through a layer as it comes: hashes, limits, and whether it could be unpacked. Each call blocks; one at a time.
final class LayerInspection: Sendable {
    /// What a layer turned out to be.
    struct Finding: Sendable, Hashable {
        var blob: BlobID
        var entryCount: Int
        var tarBytes: Int
    }

    private struct State {
        var reader: LayerReader
        var tar: TarReader
        var check: LayerCheck
        var hasher = Blake3Hasher()
    }

    private let state: Mutex<State>
    private let descriptor: ImageDescriptor
    private let diffID: ImageDigest

    init(_ descriptor: ImageDescriptor, diffID: ImageDigest, limits: LayerLimits) throws(ImageError) {
        guard let compression = LayerCompression(mediaType: descriptor.mediaType) else {
            throw ImageError(.unknownMediaType, "The layer \(descriptor.digest) is \(descriptor.mediaType)")
        }
        self.descriptor = descriptor
        self.diffID = diffID
        state = Mutex(
            State(
                reader: try LayerReader(compression, limits: limits), tar: TarReader(maxEntries: limits.maxEntries),
                check: LayerCheck(limits: limits)))
    }

    /// Takes some bytes.
    func feed(_ bytes: ByteBuffer) throws {
        try state.withLock { state in
            let reader = state.reader
            var tar = state.tar
            var check = state.check
            defer { state.tar = tar }
            try bytes.withUnsafeReadableBytes { bytes in
                state.hasher.update(bytes)
                try reader.feed(bytes) { (part: UnsafeRawBufferPointer) throws(ImageError) in
                    try tar.feed(part, &check)
                }
            }
        }
    }

    /// All bytes were there.
    func finish() throws -> Finding {
        try state.withLock { state in
            let summary = try state.reader.finish()
            try summary.check(size: descriptor.size, digest: descriptor.digest, diffID: diffID)
            try state.tar.finish()
            return Finding(
                blob: BlobID(state.hasher.finalize()), entryCount: state.check.entryCount, tarBytes: summary.tarBytes)
        }
    }
}
