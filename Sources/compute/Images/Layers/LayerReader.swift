import Crypto

/// Takes a layer as it is transferred and gives its tar, hashing both and watching the limits.
///
/// Used by one thread at a time.
final class LayerReader {
    /// What came in, and what came out.
    struct Summary: Hashable, Sendable {
        var digest: ImageDigest
        var diffID: ImageDigest
        /// As transferred.
        var byteCount: Int
        var tarBytes: Int
    }

    private let decompressor: LayerDecompressor
    private let limits: LayerLimits
    private var outer = SHA256()
    private var inner = SHA256()
    private var byteCount = 0
    private var tarBytes = 0

    init(_ compression: LayerCompression, limits: LayerLimits) throws(ImageError) {
        decompressor = try LayerDecompressor(compression)
        self.limits = limits
    }

    /// - Parameter emit: Gets the tar, in order.
    /// - Throws: ``ImageError`` `.badCompression`, `.bomb`, `.ratio`, `.tooLarge`, and what `emit` throws.
    func feed(
        _ bytes: UnsafeRawBufferPointer, _ emit: (UnsafeRawBufferPointer) throws(ImageError) -> Void
    ) throws(ImageError) {
        byteCount += bytes.count
        guard byteCount <= ImageLimits.maxLayerBytes else {
            throw ImageError(.tooLarge, "The layer has more than \(ImageLimits.maxLayerBytes) bytes; split it")
        }
        outer.update(bufferPointer: bytes)
        try decompressor.feed(bytes) { (part: UnsafeRawBufferPointer) throws(ImageError) in
            tarBytes += part.count
            guard tarBytes <= limits.maxTarBytes else {
                throw ImageError(
                    .bomb,
                    "The layer unpacks to more than \(limits.maxTarBytes) bytes, which is the limit; put less into it")
            }
            guard tarBytes <= limits.ratioFloorBytes || tarBytes / limits.maxRatio <= byteCount else {
                throw ImageError(
                    .ratio,
                    "The layer unpacks to more than \(limits.maxRatio) times its size (\(tarBytes) bytes of \(byteCount))"
                )
            }
            inner.update(bufferPointer: part)
            try emit(part)
        }
    }

    /// There is no more input.
    ///
    /// - Throws: ``ImageError`` `.truncated`.
    func finish() throws(ImageError) -> Summary {
        try decompressor.finish()
        return Summary(
            digest: ImageDigest(outer.finalize()), diffID: ImageDigest(inner.finalize()), byteCount: byteCount,
            tarBytes: tarBytes)
    }
}

extension LayerReader.Summary {
    /// - Throws: ``ImageError`` `.wrongSize`, `.wrongDigest`, `.wrongDiffID` where the layer is not what is expected.
    func check(size: Int, digest: ImageDigest, diffID: ImageDigest) throws(ImageError) {
        guard byteCount == size else {
            throw ImageError(.wrongSize, "The layer \(digest) has \(byteCount) bytes; the manifest says \(size)")
        }
        guard self.digest == digest else {
            throw ImageError(.wrongDigest, "The bytes of the layer \(digest) have the digest \(self.digest)")
        }
        guard self.diffID == diffID else {
            throw ImageError(
                .wrongDiffID, "The layer \(digest) unpacks to \(self.diffID); the config says \(diffID)")
        }
    }
}
