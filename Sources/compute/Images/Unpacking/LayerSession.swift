import Files
import NIOCore
import Synchronization

/// One layer on its way into a folder. Each call blocks; one call at a time.
final class LayerSession: Sendable {
    private struct State {
        var reader: LayerReader
        var tar: TarReader
        var folder: LayerFolder
    }

    private let state: Mutex<State>
    private let layer: StoredLayer

    init(
        _ layer: StoredLayer, into root: OpenFolder, form: UnpackedImage.Form, ownership: LayerFolder.Ownership,
        limits: LayerLimits
    ) throws(ImageError) {
        guard let compression = LayerCompression(mediaType: layer.mediaType) else {
            throw ImageError(.unknownMediaType, "The layer \(layer.digest) is \(layer.mediaType.prefix(100))")
        }
        self.layer = layer
        state = Mutex(
            State(
                reader: try LayerReader(compression, limits: limits), tar: TarReader(maxEntries: limits.maxEntries),
                folder: LayerFolder(root, form: form, ownership: ownership, limits: limits)))
    }

    /// Takes some bytes of the blob.
    ///
    /// - Returns: What the layer takes on the disk so far, in bytes.
    func feed(_ bytes: ByteBuffer) throws -> Int {
        try state.withLock { state in
            let reader = state.reader
            var tar = state.tar
            var folder = state.folder
            defer { state.tar = tar }
            try bytes.withUnsafeReadableBytes { bytes in
                try reader.feed(bytes) { (part: UnsafeRawBufferPointer) throws(ImageError) in
                    try tar.feed(part, &folder)
                }
            }
            return folder.diskBytes
        }
    }

    /// All bytes were there: checks them against what the image says, and completes the folder.
    func finish() throws -> (diskBytes: Int, hidden: HiddenNames) {
        try state.withLock { state in
            let summary = try state.reader.finish()
            try summary.check(size: layer.byteCount, digest: layer.digest, diffID: layer.diffID)
            try state.tar.finish()
            try state.folder.finish()
            return (state.folder.diskBytes, state.folder.hidden)
        }
    }
}
