import Blake3
import CLinux
import Identity
import NIOCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The open files of a blob of which only some blocks are here: one session writes, anybody reads. All calls block,
/// unless they say otherwise.
///
/// In memory a block is held once it is written; in the map on the disk only once its bytes are durable there.
final class PartialBlob: Sendable {
    private struct State {
        var held: BlockSet
        /// Held since before the files were opened, and not read since.
        var unverified: BlockSet
        /// When `held` was last made durable.
        var updated: StoreInstant
        var unsavedBytes = 0
        /// Written since the disk was last told to begin.
        var unstartedBytes = 0
        /// By the clock that only goes forwards.
        var savedAtMilliseconds: Int64
        var isSaving = false
        /// Whether the value list is known to be on the disk.
        var hasValueFile: Bool
        /// The disk has lost bytes that it had taken: what the file holds is unknown from then on.
        var failure: BlobStoreError?
        /// The files are no longer ours: stored, deleted, or the store is closed.
        var isGone = false
    }

    /// Longest time between saves while blocks arrive.
    static let saveIntervalMilliseconds: Int64 = 5000

    let id: BlobID
    let file: BlockFile
    /// The same file; nil where it is written through the page cache.
    private let direct: DirectFile?
    private let folder: StoreFolder
    private let settings: BlobStore.Settings
    private let time: StoreTime
    private let state: Mutex<State>
    /// Held while the map is written: one after the other.
    private let turn = Mutex(())

    var byteCount: Int { file.byteCount }

    /// Begins a blob: reserves the space for all of it.
    init(
        new id: BlobID, byteCount: Int, blockValues: [Digest], folder: StoreFolder, settings: BlobStore.Settings,
        time: StoreTime
    ) throws {
        self.id = id
        self.folder = folder
        self.settings = settings
        self.time = time
        let path = folder.partialFile(id)
        let descriptor = try FileDescriptor(path: path, O_RDWR | O_CREAT | O_TRUNC)
        file = BlockFile(
            path: path, descriptor: descriptor, byteCount: byteCount, blockValues: blockValues, faults: folder.faults)
        direct = Self.direct(path, byteCount, folder, settings)
        let none = BlockSet(blockCount: blockValues.count)
        state = Mutex(
            State(
                held: none, unverified: none, updated: time.now,
                savedAtMilliseconds: settings.clock.uptimeMilliseconds(), hasValueFile: false))
        guard skerry_fallocate(descriptor.number, Int64(byteCount)) == 0 else {
            let number = errno
            unlink(path)
            throw BlobStoreError.file("reserve \(byteCount) bytes for", path, number)
        }
    }

    private static func direct(_ path: String, _ byteCount: Int, _ folder: StoreFolder, _ settings: BlobStore.Settings)
        -> DirectFile?
    {
        byteCount >= settings.directBytes ? folder.direct(path) : nil
    }

    /// Opens what an earlier session left. Throws `Damage` when the files do not fit together.
    ///
    /// - Parameter blockValues: Known to imply `stat.id`; nil reads the list.
    init(
        _ stat: PartialStat, blockValues: [Digest]?, folder: StoreFolder, settings: BlobStore.Settings, time: StoreTime
    ) throws {
        id = stat.id
        self.folder = folder
        self.settings = settings
        self.time = time
        let path = folder.partialFile(id)
        guard let descriptor = try FileDescriptor(existing: path, O_RDWR) else {
            throw Damage(reason: "is missing", file: nil)
        }
        let length = lseek(descriptor.number, 0, SEEK_END)
        guard length == stat.byteCount else {
            throw Damage(reason: "has \(length) bytes instead of \(stat.byteCount)", file: descriptor)
        }
        let values =
            try blockValues
            ?? BlockFile.readValues(
                folder.partialValueFile(id), count: stat.held.blockCount, faults: folder.faults)
        guard BlockTree.root(blockValues: values, byteCount: stat.byteCount) == id.digest else {
            throw Damage(reason: "has block values of another blob", file: descriptor)
        }
        file = BlockFile(
            path: path, descriptor: descriptor, byteCount: stat.byteCount, blockValues: values, faults: folder.faults)
        direct = Self.direct(path, stat.byteCount, folder, settings)
        state = Mutex(
            State(
                held: stat.held, unverified: stat.held,
                updated: StoreInstant(
                    openMilliseconds: stat.usedMilliseconds, wallMilliseconds: stat.updatedAtMilliseconds),
                savedAtMilliseconds: settings.clock.uptimeMilliseconds(), hasValueFile: blockValues == nil))
    }

    /// Does not block.
    var stat: PartialStat {
        state.withLock {
            PartialStat(
                id: id, byteCount: byteCount, held: $0.held, updatedAtMilliseconds: $0.updated.wallMilliseconds,
                usedMilliseconds: $0.updated.openMilliseconds)
        }
    }

    /// Does not block.
    var held: BlockSet { state.withLock { $0.held } }
    /// Does not block.
    var missingCount: Int { state.withLock { $0.held.blockCount - $0.held.count } }

    /// Writes a verified block; true when it is time that somebody calls `save`.
    ///
    /// - Parameter isReadSoon: Through the page cache.
    func write(_ bytes: ByteBuffer, block index: Int, isReadSoon: Bool = false) throws -> Bool {
        try requireSound()
        let isWritten = try bytes.withUnsafeReadableBytes { block in
            try isReadSoon ? false : direct?.write(block, at: index * BlockTree.blockByteCount) ?? false
        }
        if !isWritten { try file.write(bytes, block: index) }
        let now = settings.clock.uptimeMilliseconds()
        let (starts, isDue) = state.withLock { state in
            state.held.insert(index)
            state.unverified.remove(index)
            state.unsavedBytes += bytes.readableBytes
            state.unstartedBytes += bytes.readableBytes
            let starts = state.unstartedBytes >= DraftFile.paceByteCount
            if starts { state.unstartedBytes = 0 }
            let isDue =
                state.unsavedBytes >= settings.partialSaveBytes
                || now.subtractingReportingOverflow(state.savedAtMilliseconds).partialValue
                    >= Self.saveIntervalMilliseconds
            guard isDue, !state.isSaving, !state.isGone else { return (starts, false) }
            state.isSaving = true
            return (starts, true)
        }
        if starts, !isWritten { skerry_start_writing(file.descriptor.number, 0, 0) }
        return isDue
    }

    /// A verified block.
    ///
    /// - Throws: `.badBlock` outside the blob, `.incomplete` when it is not held, `.corrupt` when the disk has other
    ///   bytes or cannot read them: it is not held any more then.
    func read(_ index: Int) throws -> ByteBuffer {
        try requireHeld(index)
        let result = Result { try file.read(index) }
        let bytes = try? result.get()
        state.withLock { state in
            state.unverified.remove(index)
            if bytes == nil { state.held.remove(index) }
        }
        do { if let bytes = try result.get() { return bytes } } catch is Damage {}
        throw BlobStoreError(.corrupt, "block \(index) of unfinished blob \(id) changed on the disk; write it again")
    }

    /// A verified block that is held and in the page cache; does not block.
    func readWithoutWaiting(_ index: Int) -> ByteBuffer? {
        guard state.withLock({ $0.held.contains(index) }) else { return nil }
        return file.readWithoutWaiting(index)
    }

    /// Does not block.
    var isSound: Bool { state.withLock { $0.failure == nil } }

    /// Throws when the disk has failed to write what it was given; does not block.
    func requireSound() throws {
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    /// Throws what `read` would without looking at the disk; does not block.
    func requireHeld(_ index: Int) throws {
        guard index >= 0, index < file.blockValues.count else {
            throw BlobStoreError(
                .badBlock, "blob \(id) has \(file.blockValues.count) blocks, there is no block \(index)")
        }
        if !state.withLock({ $0.held.contains(index) }) {
            throw BlobStoreError(.incomplete, "block \(index) of blob \(id) has not arrived; wait for it")
        }
    }

    /// Reads what earlier sessions left and nobody has read since. Throws `.incomplete` when some of it is damaged;
    /// those blocks are not held any more then.
    func verifyInherited() throws {
        var damaged = 0
        while let index = state.withLock({ $0.unverified.firstHeld(in: 0..<$0.unverified.blockCount) }) {
            do {
                _ = try read(index)
            } catch {
                state.withLock { _ = $0.unverified.remove(index) }
                damaged += 1
            }
        }
        if damaged > 0 {
            throw BlobStoreError(
                .incomplete, "\(damaged) blocks of unfinished blob \(id) changed on the disk; write them again")
        }
    }

    /// Makes what is held survive a restart: first the bytes, then the map. After a failure the next call tries again.
    func save() throws {
        defer { state.withLock { $0.isSaving = false } }
        try turn.withLock { _ in
            let started = settings.clock.uptimeMilliseconds()
            let (held, hasValueFile, unsavedBytes) = state.withLock { state in
                state.savedAtMilliseconds = started
                defer { state.unsavedBytes = 0 }
                return (state.held, state.hasValueFile, state.isGone ? 0 : state.unsavedBytes)
            }
            guard unsavedBytes > 0 else { return }
            do { try save(held, hasValueFile: hasValueFile) } catch {
                state.withLock { $0.unsavedBytes += unsavedBytes }
                throw error
            }
        }
    }

    private func save(_ held: BlockSet, hasValueFile: Bool) throws {
        guard Files.retrying({ fdatasync(file.descriptor.number) }) == 0 else { throw lost(errno) }
        let now = time.now
        if !hasValueFile {
            try file.blockValues.withUnsafeBytes { try install($0, at: folder.partialValueFile(id)) }
        }
        let map = PartialMap(
            byteCount: byteCount, updatedAtMilliseconds: now.wallMilliseconds, usedMilliseconds: now.openMilliseconds,
            held: held)
        try map.bytes(of: id).withUnsafeBytes { try install($0, at: folder.partialMapFile(id)) }
        // Later maps replace this one; which of them a power failure leaves does not matter.
        if !hasValueFile { try Files.synchronise(folder: folder.partialPath) }
        state.withLock { state in
            state.hasValueFile = true
            state.updated = now
        }
    }

    /// Makes the bytes durable, of a blob that is about to be stored.
    func synchronise() throws {
        guard Files.retrying({ fsync(file.descriptor.number) }) == 0 else { throw lost(errno) }
    }

    /// Linux tells once that it lost bytes, and takes their pages for clean afterwards.
    private func lost(_ number: CInt) -> BlobStoreError {
        let failure = BlobStoreError.file("synchronise", file.path, number)
        state.withLock { $0.failure = failure }
        return failure
    }

    /// Whether some of what is held would not survive a restart; does not block.
    var isUnsaved: Bool { state.withLock { $0.unsavedBytes > 0 } }

    /// Whether the file is still in its place, or is no longer ours.
    var hasFile: Bool {
        state.withLock { $0.isGone } || Files.status(file.path).map { $0.inode == file.descriptor.inode } == true
    }

    /// Replaces a file atomically, unless the files are gone.
    private func install(_ bytes: UnsafeRawBufferPointer, at path: String) throws {
        let draft = try folder.draft(bytes, of: path)
        do {
            try state.withLock { state in
                if state.isGone { unlink(draft) } else { try Files.rename(draft, path) }
            }
        } catch {
            unlink(draft)
            throw error
        }
    }

    /// Deletes the files, unless they are gone.
    func delete() {
        state.withLock { state in
            if !state.isGone { folder.deletePartial(id) }
            state.isGone = true
        }
    }

    /// Leaves the files alone from now on.
    func abandon() { state.withLock { $0.isGone = true } }
}
