import Blake3
import CLinux
import Identity
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The files of a store: where they are, and the steps that make them durable.
///
/// A name in `tmp/` that is a digest marks a blob whose files and index row are being brought in line; opening the
/// folder finishes that work after a crash.
final class StoreFolder: Sendable {
    let path: String
    private let lock: FileDescriptor
    private let reserveBytes: Int
    /// Of the process, not of the store: a session may outlive the store that it began with.
    private static let counter = Atomic<UInt64>(0)
    /// Fan-out folders whose own entries are known to be durable, by the digest's first two bytes.
    private let durable = Mutex<Set<UInt16>>([])

    var indexPath: String { "\(path)/blobs.sqlite" }
    private var dataPath: String { "\(path)/data" }
    private var temporaryPath: String { "\(path)/tmp" }

    init(path: String, reserveBytes: Int) throws {
        self.path = path
        self.reserveBytes = reserveBytes
        try Files.makeFolders(path)
        let lockPath = "\(path)/lock"
        lock = try FileDescriptor(path: lockPath, O_RDWR | O_CREAT)
        if skerry_flock_exclusive(lock.number) != 0 {
            guard errno == EWOULDBLOCK else { throw BlobStoreError.file("lock", lockPath, errno) }
            throw BlobStoreError(
                .folderInUse, "\(path) is in use by another process; stop that process or choose another folder")
        }
        for name in ["data", "tmp", "corrupt"] { try Files.makeFolders("\(path)/\(name)") }
        try Files.synchronise(folder: path)
    }

    func dataFile(_ id: BlobID) -> String { "\(fanOut(id))/\(id.hex)" }
    func outboardFile(_ id: BlobID) -> String { "\(dataFile(id)).blocks" }
    func marker(_ id: BlobID) -> String { "\(temporaryPath)/\(id.hex)" }

    /// A name for a new temporary file.
    func temporaryFile() -> String {
        let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
        return "\(temporaryPath)/ingest-\(getpid())-\(number)"
    }

    /// Throws `.diskFull` unless `byteCount` more bytes leave the reserve untouched.
    func requireSpace(_ byteCount: Int) throws {
        let available = skerry_free_bytes(path)
        guard available >= 0 else { throw BlobStoreError.file("measure the free space of", path, errno) }
        let (left, overflow) = Int(available).subtractingReportingOverflow(byteCount)
        guard !overflow, left >= reserveBytes else {
            throw BlobStoreError.full(
                "the disk of \(path) has \(available) bytes free: storing \(byteCount) more would break into the"
                    + " reserve of \(reserveBytes)")
        }
    }

    /// Moves a finished, synchronised temporary file to its place and writes its outboard; durable on return.
    ///
    /// The marker stays until the index has the row.
    func publish(_ temporary: String, as id: BlobID, blockValues: [Digest]) throws {
        let folder = fanOut(id)
        try makeFanOut(id)
        try Files.rename(temporary, marker(id))
        if blockValues.count > 1 { try writeOutboard(blockValues, draft: "\(temporary).blocks", of: id) }
        if link(marker(id), dataFile(id)) != 0 {
            let problem = errno
            guard problem == EEXIST else { throw BlobStoreError.file("link", dataFile(id), problem) }
            // A file without a row, left by a crash or by a publication that is still on its way: the same name, so
            // the same bytes, unless the disk lost some.
            try Files.rename(marker(id), dataFile(id))
        }
        try Files.synchronise(folder: folder)
    }

    private func writeOutboard(_ blockValues: [Digest], draft: String, of id: BlobID) throws {
        do {
            let file = try FileDescriptor(path: draft, O_WRONLY | O_CREAT | O_EXCL)
            try blockValues.withUnsafeBytes { try Files.write($0, to: file, at: 0, path: draft) }
            try Files.synchronise(file, path: draft)
            try Files.rename(draft, outboardFile(id))
        } catch {
            unlink(draft)
            throw error
        }
    }

    /// Deletes a blob's files but leaves its mark, for the time until its row is gone too.
    ///
    /// Works on a full disk, where the mark may fail: a crash then leaves a row without files, which reading notices.
    func delete(_ id: BlobID) {
        if let mark = try? FileDescriptor(path: "\(marker(id)).new", O_WRONLY | O_CREAT) {
            _ = mark
            rename("\(marker(id)).new", marker(id))
        }
        unlink(dataFile(id))
        unlink(outboardFile(id))
    }

    func unmark(_ id: BlobID) { unlink(marker(id)) }

    /// The file under a blob's name now.
    func inode(_ id: BlobID) -> UInt64? {
        var status = stat()
        return lstat(dataFile(id), &status) == 0 ? UInt64(status.st_ino) : nil
    }

    /// Keeps a damaged file for inspection, out of the way of the next copy.
    func setAside(_ id: BlobID) {
        let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
        rename(dataFile(id), "\(path)/corrupt/\(id.hex)-\(Files.milliseconds())-\(number)")
        unlink(outboardFile(id))
    }

    /// Lets another process open the folder.
    func release() { skerry_flock_release(lock.number) }

    /// Deletes what sessions left in `tmp/` and returns the blobs that are marked there.
    func collectLeftovers() throws -> [BlobID] {
        var marked: [BlobID] = []
        for name in try Files.list(temporaryPath) {
            if name.utf8.count == 2 * Digest.byteCount, let digest = Digest(hex: name) {
                marked.append(BlobID(digest))
            } else {
                unlink("\(temporaryPath)/\(name)")
            }
        }
        return marked
    }

    private func fanOut(_ id: BlobID) -> String {
        let hex = id.hex
        return "\(dataPath)/\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))"
    }

    private func makeFanOut(_ id: BlobID) throws {
        let bytes = id.digest.bytes
        let key = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
        let lower = fanOut(id)
        let upper = String(lower.dropLast(3))
        try durable.withLock { durable in
            if durable.contains(key) { return }
            try Files.makeFolders(lower)
            try Files.synchronise(folder: dataPath)
            try Files.synchronise(folder: upper)
            durable.insert(key)
        }
    }
}
