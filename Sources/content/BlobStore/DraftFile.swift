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
    private let folder: StoreFolder
    /// Bytes that were appended.
    private(set) var writtenCount = 0
    private var reservedCount = 0
    private var startedCount = 0
    /// Where the page cache ends; nil for nowhere.
    private var directFrom: Int?
    private var direct: DirectPart?

    /// A new temporary file.
    ///
    /// - Parameter directFrom: From this size on it is written around the page cache where that is possible; nil for never.
    init(in folder: StoreFolder, directFrom: Int?) throws {
        path = folder.temporaryFile()
        descriptor = try FileDescriptor(path: path, O_RDWR | O_CREAT | O_EXCL)
        self.folder = folder
        self.directFrom = directFrom
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
        if let directFrom, writtenCount >= directFrom, writtenCount % DirectFile.alignment == 0 {
            // Tried once.
            self.directFrom = nil
            direct = folder.direct(path).map { DirectPart($0) }
        }
        reserve(bytes.count)
        var rest = bytes
        while let direct, !rest.isEmpty {
            let taken = direct.collect(rest)
            writtenCount += taken
            rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
            if direct.isFull, try !direct.write(at: writtenCount - direct.count) { try useCache() }
        }
        if !rest.isEmpty { try appendCached(rest) }
    }

    /// Goes on through the page cache: for what is not a whole piece, and for drafts that somebody reads.
    mutating func useCache() throws {
        directFrom = nil
        guard let part = direct else { return }
        direct = nil
        try Files.write(part.collected, to: descriptor, at: writtenCount - part.count, path: path)
        startedCount = writtenCount
    }

    private mutating func reserve(_ count: Int) {
        let end = writtenCount + count
        if end > reservedCount, end > Self.reserveByteCounts.lowerBound {
            let ahead = min(max(writtenCount, Self.reserveByteCounts.lowerBound), Self.reserveByteCounts.upperBound)
            // On a disk that is nearly full what comes may fit all the same.
            _ = skerry_reserve_ahead(descriptor.number, Int64(writtenCount), Int64(count + ahead))
            reservedCount = end + ahead
        }
    }

    private mutating func appendCached(_ bytes: UnsafeRawBufferPointer) throws {
        let end = writtenCount + bytes.count
        try Files.write(bytes, to: descriptor, at: writtenCount, path: path)
        writtenCount = end
        if end - startedCount >= Self.paceByteCount {
            skerry_start_writing(descriptor.number, Int64(startedCount), Int64(end - startedCount))
            startedCount = end
        }
    }

    /// Hands the rest to the operating system, and gives back what was reserved beyond the end.
    mutating func close() throws {
        try useCache()
        guard reservedCount > writtenCount else { return }
        guard Files.retrying({ ftruncate(descriptor.number, writtenCount) }) == 0 else {
            throw BlobStoreError.file("give back the rest of", path, errno)
        }
    }

    func delete() { unlink(path) }
}
