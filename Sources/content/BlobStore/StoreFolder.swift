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
    let reserveBytes: Int
    let faults: DiskFaults
    private let scratch = DirectScratch()
    /// Of the process, not of the store: a session may outlive the store that it began with.
    private static let counter = Atomic<UInt64>(0)
    /// Fan-out folders whose own entries are known to be durable, by the digest's first two bytes.
    private let durable = Mutex<Set<UInt16>>([])

    var partialPath: String { "\(path)/partial" }
    var dataPath: String { "\(path)/data" }
    private var temporaryPath: String { "\(path)/tmp" }

    init(path: String, reserveBytes: Int, faults: DiskFaults = DiskFaults()) throws {
        self.path = path
        self.reserveBytes = reserveBytes
        self.faults = faults
        try Files.makeFolders(path)
        let lockPath = "\(path)/lock"
        lock = try FileDescriptor(path: lockPath, O_RDWR | O_CREAT)
        if skerry_flock_exclusive(lock.number) != 0 {
            guard errno == EWOULDBLOCK else { throw BlobStoreError.file("lock", lockPath, errno) }
            throw BlobStoreError(
                .folderInUse, "\(path) is in use by another process; stop that process or choose another folder")
        }
        for name in ["data", "tmp", "partial", "corrupt"] { try Files.makeFolders("\(path)/\(name)") }
        try Files.synchronise(folder: path)
    }

    func dataFile(_ id: BlobID) -> String { "\(fanOut(id))/\(id.hex)" }
    func outboardFile(_ id: BlobID) -> String { "\(dataFile(id)).blocks" }
    func marker(_ id: BlobID) -> String { "\(temporaryPath)/\(id.hex)" }

    func partialFile(_ id: BlobID) -> String { "\(partialPath)/\(id.hex)" }
    func partialValueFile(_ id: BlobID) -> String { "\(partialFile(id)).blocks" }
    func partialMapFile(_ id: BlobID) -> String { "\(partialFile(id)).map" }

    /// A file of its folders, to be written without the page cache; nil where that is not possible.
    func direct(_ path: String) -> DirectFile? { DirectFile(path: path, scratch: scratch, faults: faults) }

    /// A name for a new temporary file.
    func temporaryFile() -> String {
        let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
        return "\(temporaryPath)/ingest-\(getpid())-\(number)"
    }

    /// What the disk could still take.
    func freeBytes() throws -> Int {
        let available = skerry_free_bytes(path)
        guard available >= 0 else { throw BlobStoreError.file("measure the free space of", path, errno) }
        return Int(clamping: available)
    }

    /// Throws `.diskFull` unless `byteCount` more bytes leave the reserve untouched.
    func requireSpace(_ byteCount: Int) throws {
        let available = try freeBytes()
        let (left, overflow) = available.subtractingReportingOverflow(byteCount)
        guard !overflow, left >= reserveBytes else {
            throw BlobStoreError.full(
                "the disk of \(path) has \(available) bytes free: storing \(byteCount) more would break into the"
                    + " reserve of \(reserveBytes)")
        }
    }

    /// Moves a finished, synchronised temporary file to its place and writes its outboard; durable on return.
    ///
    /// The marker stays until the index has the row. What goes wrong, `takeBack` undoes.
    func publish(_ temporary: String, as id: BlobID, blockValues: [Digest]) throws {
        let folder = fanOut(id)
        try makeFanOut(id)
        // Takes space, so it comes before anything is moved.
        let outboard = blockValues.count > 1 ? try draftOutboard(blockValues, of: id) : nil
        do {
            try Files.rename(temporary, marker(id))
            if let outboard { try Files.rename(outboard, outboardFile(id)) }
        } catch {
            if let outboard { unlink(outboard) }
            throw error
        }
        if link(marker(id), dataFile(id)) != 0 {
            let problem = errno
            guard problem == EEXIST else { throw BlobStoreError.file("link", dataFile(id), problem) }
            // A file without a row, left by a crash or by a publication that is still on its way: the same name, so
            // the same bytes, unless the disk lost some.
            try Files.rename(marker(id), dataFile(id))
        }
        try Files.synchronise(folder: folder)
    }

    /// Replaces the outboard of a data file that is in its place; durable on return.
    func replaceOutboard(_ blockValues: [Digest], of id: BlobID) throws {
        let draft = try draftOutboard(blockValues, of: id)
        do { try Files.rename(draft, outboardFile(id)) } catch {
            unlink(draft)
            throw error
        }
        try Files.synchronise(folder: fanOut(id))
    }

    /// A temporary file, synchronised, that is to become an outboard.
    private func draftOutboard(_ blockValues: [Digest], of id: BlobID) throws -> String {
        try blockValues.withUnsafeBytes { try draft($0, of: outboardFile(id)) }
    }

    /// A temporary file, synchronised, that is to become the file of a path.
    func draft(_ bytes: UnsafeRawBufferPointer, of path: String) throws -> String {
        let draft = temporaryFile()
        do {
            if let number = faults.writing(path) { throw BlobStoreError.file("write to", draft, number) }
            let file = try FileDescriptor(path: draft, O_WRONLY | O_CREAT | O_EXCL)
            try Files.write(bytes, to: file, at: 0, path: draft)
            try Files.synchronise(file, path: draft)
            return draft
        } catch {
            unlink(draft)
            throw error
        }
    }

    /// Moves a file that is on its way to its place, or there, back to where it came from; nothing happens to other files
    /// of the same blob.
    func takeBack(_ id: BlobID, _ file: FileDescriptor, to path: String) {
        guard let inode = file.inode else { return }
        if self.inode(id) == inode {
            rename(dataFile(id), path)
        } else if Files.status(marker(id))?.inode == inode {
            rename(marker(id), path)
        }
    }

    /// Whether the files of a blob have the lengths that they must have.
    func hasFiles(of stat: BlobStat) -> Bool {
        guard Files.status(dataFile(stat.id))?.size == Int64(stat.byteCount) else { return false }
        return stat.blockCount == 1
            || Files.status(outboardFile(stat.id))?.size == Int64(stat.blockCount * Digest.byteCount)
    }

    /// Deletes a blob's files but leaves its mark, for the time until its row is gone too.
    ///
    /// Works on a full disk, where the mark may fail: a crash then leaves a row without files, which reading notices.
    func delete(_ id: BlobID) {
        mark(id)
        unlinkFiles(id)
    }

    /// Remembers that files and row of a blob may differ.
    func mark(_ id: BlobID) {
        if let mark = try? FileDescriptor(path: "\(marker(id)).new", O_WRONLY | O_CREAT) {
            _ = mark
            rename("\(marker(id)).new", marker(id))
        }
    }

    func unlinkFiles(_ id: BlobID) {
        unlink(dataFile(id))
        unlink(outboardFile(id))
    }

    func unmark(_ id: BlobID) { unlink(marker(id)) }

    /// The file under a blob's name now.
    func inode(_ id: BlobID) -> UInt64? { Files.status(dataFile(id))?.inode }

    /// Keeps a damaged file for inspection, out of the way of the next copy; deletes it where that is not possible.
    func setAside(_ id: BlobID) {
        let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
        if rename(dataFile(id), "\(path)/corrupt/\(id.hex)-\(Files.milliseconds())-\(number)") != 0 {
            unlink(dataFile(id))
        }
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

    /// The blobs that have files in `partial/`; deletes whatever else is there.
    func collectPartials() throws -> [BlobID] {
        var found: Set<BlobID> = []
        for name in try Files.list(partialPath) {
            let parts = name.split(separator: ".", omittingEmptySubsequences: false)
            if let digest = Digest(hex: parts[0]), parts.count == 1 || [["blocks"], ["map"]].contains(parts[1...]) {
                found.insert(BlobID(digest))
            } else {
                unlink("\(partialPath)/\(name)")
            }
        }
        return found.sorted()
    }

    /// The map goes first: without it the others are nothing.
    func deletePartial(_ id: BlobID) {
        unlink(partialMapFile(id))
        unlink(partialValueFile(id))
        unlink(partialFile(id))
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
