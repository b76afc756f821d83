import CLinux
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A downloaded layer on its way to the store: a file without a name, gone with this object.
struct LayerSpool: Sendable {
    private let file: ReadableFile
    private let folder: String
    private let byteCount: Int

    /// Reserves the room; blocks.
    ///
    /// - Throws: ``ImageError`` `.diskFull`, `.ioFailed`.
    init(folder: String, byteCount: Int) throws(ImageError) {
        let descriptor = try ReadableFile.makeTemporary(in: folder)
        file = try ReadableFile(descriptor: descriptor, name: "the downloaded layer in \(folder)")
        self.folder = folder
        self.byteCount = byteCount
        guard skerry_reserve_ahead(descriptor, 0, Int64(byteCount)) == 0 || errno == EINVAL else {
            throw ImageError.file("write to the folder", folder)
        }
    }

    /// Adds bytes; blocks.
    func write(_ bytes: ByteBuffer) throws {
        try bytes.withUnsafeReadableBytes { try ImageArchive.write($0, to: file.descriptor, folder) }
    }

    /// All that was written, once that is the whole layer.
    var region: FileRegion { FileRegion(file: file, offset: 0, byteCount: byteCount) }
}
