import CLinux

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A file of a session, under a name that is not the blob's place; written from its beginning to its end.
///
/// Space is reserved a little ahead, so that the file is in one piece, and the disk begins to write while the rest
/// arrives, so that the final wait is short.
struct DraftFile: Sendable {
    /// Bytes after which the disk is told to begin.
    static let paceByteCount = 8 << 20
    /// Space is reserved in steps that grow with the file, between these.
    private static let reserveByteCounts = 1 << 20...32 << 20

    let path: String
    let descriptor: FileDescriptor
    private(set) var writtenCount = 0
    private var reservedCount = 0
    private var startedCount = 0

    /// A file that exists.
    init(path: String, descriptor: FileDescriptor) {
        self.path = path
        self.descriptor = descriptor
    }

    /// A new temporary file.
    init(in folder: StoreFolder) throws {
        path = folder.temporaryFile()
        descriptor = try FileDescriptor(path: path, O_RDWR | O_CREAT | O_EXCL)
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
        let end = writtenCount + bytes.count
        if end > reservedCount, end > Self.reserveByteCounts.lowerBound {
            let ahead = min(max(writtenCount, Self.reserveByteCounts.lowerBound), Self.reserveByteCounts.upperBound)
            // On a disk that is nearly full what comes may fit all the same.
            _ = skerry_reserve_ahead(descriptor.number, Int64(writtenCount), Int64(bytes.count + ahead))
            reservedCount = end + ahead
        }
        try Files.write(bytes, to: descriptor, at: writtenCount, path: path)
        writtenCount = end
        if end - startedCount >= Self.paceByteCount {
            skerry_start_writing(descriptor.number, Int64(startedCount), Int64(end - startedCount))
            startedCount = end
        }
    }

    /// Gives back what was reserved beyond the end.
    func close() throws {
        guard reservedCount > writtenCount else { return }
        guard Files.retrying({ ftruncate(descriptor.number, writtenCount) }) == 0 else {
            throw BlobStoreError.file("give back the rest of", path, errno)
        }
    }

    func delete() { unlink(path) }
}
