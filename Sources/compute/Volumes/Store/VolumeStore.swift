import CLinux
import Files
import Foundation
public import Identity
public import Logging
import NIOCore
public import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The volumes of a node: folders that outlive the machines that see them, and their snapshots.
///
/// Which node has a volume is for others to say (a lease on the ledger); here it is used by one machine at a time.
public actor VolumeStore {
    private static let dataName = "data"
    private static let imageName = "disk.img"
    private static let mountName = "disk"
    private static let draftName = "restoring"

    private let root: String
    private let backing: VolumeBacking
    private let blobs: any VolumeBlobs
    private let threads: NIOThreadPool
    private let logger: Logger
    private let now: @Sendable () -> Int64
    /// Volumes that a machine has, and under which lease's fence.
    private var inUse: [VolumeID: UInt64] = [:]
    /// Volumes that something is being done with that nothing else may be done with at the same time.
    private var busy: Set<VolumeID> = []
    /// Counts what was begun.
    private var begun = 0
    /// The node stops: nothing is begun any more.
    private var isClosed = false
    /// How long what is under way may take when the node stops.
    private static let closePatience = Duration.seconds(5)
    private static let lookPause = Duration.milliseconds(20)

    /// - Parameters:
    ///   - folder: For the volumes; made if it is not there.
    ///   - backing: For new volumes; nil: disks where this process may make them.
    ///   - threads: For what blocks.
    ///   - now: Milliseconds since 1970-01-01T00:00:00Z; nil: the system's.
    public init(
        folder: String, backing: VolumeBacking? = nil, blobs: any VolumeBlobs, threads: NIOThreadPool, logger: Logger,
        now: (@Sendable () -> Int64)? = nil
    ) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw VolumeError(.disk, "The folder \(folder) for volumes cannot be made: \(error)") }
        root = folder
        self.backing = backing ?? (VolumeDisk.isPossible ? .disk : .folder)
        self.blobs = blobs
        self.threads = threads
        self.logger = logger
        self.now = now ?? { Int64(Date().timeIntervalSince1970 * 1_000) }
    }

    // MARK: Use

    /// Gives a volume to a machine; made, empty, if there is none. Nothing more if a machine has it already under the same
    /// lease. One of an earlier lease must have ended. Waits while something else is done with the volume, such as a snapshot.
    ///
    /// - Parameters:
    ///   - byteCount: What it may hold. An existing volume keeps its size.
    ///   - fence: Of the lease under which this node has it, which grows with each other holder.
    ///   - latest: The last snapshot that this node has heard of, and the fence under which it was made. A volume that is
    ///     not here, or was last used here before that, begins with it.
    /// - Returns: The folder on the host that the machine sees.
    /// - Throws: ``VolumeError``; `CancellationError`.
    public func open(
        _ id: VolumeID, byteCount: Int, fence: UInt64, latest: (blob: BlobID, fence: UInt64)? = nil
    ) async throws -> String {
        while busy.contains(id), !isClosed { try await Task.sleep(for: VolumeStore.lookPause) }
        try begin(id)
        defer { busy.remove(id) }
        let folder = self.folder(id)
        let known = try await block {
            try VolumeStore.recover(folder)
            return try VolumeRecord.read(folder)
        }
        if let latest, inUse[id] != fence, known.map({ $0.fence < latest.fence }) ?? true {
            try await fill(id, from: latest.blob, byteCount: byteCount)
        } else if known == nil {
            try await make(id, byteCount: byteCount)
        }
        let path = try await block {
            if var record = try VolumeRecord.read(folder), record.fence < fence {
                record.fence = fence
                try record.write(folder)
            }
            return try VolumeStore.mounted(folder)
        }
        inUse[id] = fence
        return path
    }

    /// The machine that had it does not run. Its disk stays mounted, so that the machine can be started again.
    public func close(_ id: VolumeID) { inUse[id] = nil }

    /// Puts in order what a crash left, and mounts the disks that are not, as after the host's start: machines that are
    /// started again expect theirs.
    public func mountAll() async {
        let root = root
        for id in (try? await block { VolumeStore.ids(root) { VolumeStore.original($0) } }) ?? [] where !isClosed {
            guard busy.insert(id).inserted else { continue }
            defer { busy.remove(id) }
            let folder = self.folder(id)
            do {
                try await block {
                    try VolumeStore.recover(folder)
                    if try VolumeRecord.read(folder) != nil { _ = try VolumeStore.mounted(folder) }
                }
            } catch {
                logger.error("a volume cannot be mounted", metadata: ["volume": "\(id)", "error": "\(error)"])
            }
        }
        do { try await releaseForgotten() } catch {
            logger.warning("what nobody needs of snapshots is not let go of", metadata: ["error": "\(error)"])
        }
    }

    /// Unmounts all disks; call it last. Machines that go on keep theirs: each has a mount of its own, in the namespace of what
    /// holds it, and the kernel lets go of a disk, and of its loop device, with the last of them. A node that comes back finds
    /// that device again. Does nothing to folders.
    public func unmountAll() async {
        isClosed = true
        let deadline = ContinuousClock.now + VolumeStore.closePatience
        while !busy.isEmpty, ContinuousClock.now < deadline {
            guard (try? await Task.sleep(for: VolumeStore.lookPause)) != nil else { break }
        }
        let (root, threads) = (root, threads)
        // In a task of its own: the pool drops the work of one that was cancelled.
        let failures = await Task { () -> [String] in
            (try? await threads.runIfActive { VolumeStore.unmountAll(root) }) ?? ["no thread is left"]
        }.value
        for failure in failures { logger.warning("a volume stays mounted", metadata: ["error": "\(failure)"]) }
    }

    /// Unmounts the disks of the store in the folder `root`, which nobody has open. Blocks.
    ///
    /// - Returns: What stays mounted, and why.
    public static func unmountAll(_ root: String) -> [String] {
        let folders = ids(root) { original($0) }.map { "\(root)/\($0)" }.flatMap { [$0, draft($0), "\($0).old"] }
        return folders.compactMap { folder in
            do { try disk(folder).unmount(lazily: true) } catch { return "\(folder): \(error)" }
            return nil
        }
    }

    /// Lets go of snapshots that no volume remembers: a crash came in between.
    private func releaseForgotten() async throws {
        guard busy.isEmpty else { return }
        let (root, before) = (root, begun)
        let kept = try await blobs.kept()
        let known = try await block {
            let records = try VolumeStore.ids(root).compactMap { try VolumeRecord.read("\(root)/\($0)") }
            return Set(records.flatMap { $0.snapshots.map(\.blob) })
        }
        for blob in kept where !known.contains(blob.description) && begun == before { try await blobs.release(blob) }
    }

    /// Makes a volume before any machine asks for it. Nothing if there is one.
    public func create(_ id: VolumeID, byteCount: Int) async throws {
        try begin(id)
        defer { busy.remove(id) }
        let folder = self.folder(id)
        if try await block({ try VolumeRecord.read(folder) }) == nil { try await make(id, byteCount: byteCount) }
    }

    /// All volumes, or those of an app or of one of its slots, in order. What they hold is looked at anew.
    public func list(_ app: String? = nil, _ slot: UInt32? = nil) async throws -> [VolumeStatus] {
        let (root, inUse) = (root, Set(inUse.keys))
        return try await block {
            try VolumeStore.ids(root).filter { ($0.app == app ?? $0.app) && ($0.slot == slot ?? $0.slot) }
                .compactMap { try VolumeStore.status(of: $0, root, inUse) }
        }
    }

    /// One volume.
    ///
    /// - Throws: ``VolumeError`` `.notFound`.
    public func status(_ id: VolumeID) async throws -> VolumeStatus {
        let (root, inUse) = (root, Set(inUse.keys))
        guard let status = try await block({ try VolumeStore.status(of: id, root, inUse) }) else {
            throw VolumeStore.missing(id)
        }
        return status
    }

    /// Removes a volume and lets go of its snapshots. When this returns, its files are gone.
    ///
    /// - Throws: ``VolumeError`` `.inUse` while a machine has it.
    public func delete(_ id: VolumeID) async throws {
        try begin(id)
        defer { busy.remove(id) }
        guard inUse[id] == nil else {
            throw VolumeError(.inUse, "A machine has the volume \(id); stop or destroy that first")
        }
        let folder = self.folder(id)
        guard let record = try await block({ try VolumeRecord.read(folder) }) else { throw VolumeStore.missing(id) }
        try await block {
            try VolumeStore.unmount(folder)
            try VolumeStore.remove(folder)
        }
        for snapshot in record.snapshots { if let blob = BlobID(snapshot.blob) { try await blobs.release(blob) } }
    }

    // MARK: Snapshots

    /// Writes what the volume holds into the blob store.
    ///
    /// Files are read one after the other. A machine that writes meanwhile may leave files of different moments in one
    /// snapshot, or make it fail with ``VolumeError/Code/changed``; one that is stopped or frozen makes it exact.
    ///
    /// - Returns: The snapshot, durable and kept.
    public func snapshot(_ id: VolumeID) async throws -> VolumeStatus.Snapshot {
        try begin(id)
        defer { busy.remove(id) }
        let folder = self.folder(id)
        guard let record = try await block({ try VolumeRecord.read(folder) }) else { throw VolumeStore.missing(id) }
        let path = try await block { try VolumeStore.mounted(folder) }
        let writer = VolumeStreamWriter(root: path, maxBytes: record.byteCount)
        var cutter = SnapshotCutter(blobs: blobs)
        while let part = try await block({ try writer.next() }) { try await cutter.append(part) }
        let (chunks, newBytes) = try await cutter.finish()
        let snapshot = VolumeSnapshot(
            volume: id, createdMilliseconds: now(), entryCount: writer.entryCount, contentBytes: writer.contentBytes,
            chunks: chunks)
        let index = try await blobs.put(snapshot.encoded).blob
        try await blobs.keep(index, chunks: Array(Set(chunks.map(\.blob))))
        let entry = VolumeStatus.Snapshot(
            blob: index.description, createdMilliseconds: snapshot.createdMilliseconds,
            contentBytes: snapshot.contentBytes, entryCount: snapshot.entryCount, newBytes: newBytes)
        try await remember(entry, folder)
        return entry
    }

    /// Replaces what the volume holds by a snapshot's content, of any volume; made if there is no such volume. When this
    /// returns, all files are durable; if it throws, the volume is as it was.
    ///
    /// - Parameter byteCount: What a volume that is made may hold.
    public func restore(_ id: VolumeID, from index: BlobID, byteCount: Int) async throws {
        try begin(id)
        defer { busy.remove(id) }
        guard inUse[id] == nil else {
            throw VolumeError(.inUse, "A machine has the volume \(id); stop it first")
        }
        try await fill(id, from: index, byteCount: byteCount)
    }

    private func fill(_ id: VolumeID, from index: BlobID, byteCount: Int) async throws {
        let folder = self.folder(id)
        let snapshot = try VolumeSnapshot(
            decoding: try await blobs.read(index, limit: VolumeSnapshot.maxBytes))
        let known = try await block { try VolumeRecord.read(folder) }
        let record = known ?? VolumeRecord(byteCount: byteCount, backing: backing)
        guard snapshot.contentBytes <= record.byteCount else {
            throw VolumeError(
                .tooLarge,
                "The snapshot has \(snapshot.contentBytes) bytes, and the volume \(id) holds \(record.byteCount); restore it into a larger one"
            )
        }
        let (draft, root) = (VolumeStore.draft(folder), root)
        do {
            let path = try await block {
                try VolumeStore.unmount(draft)
                try VolumeStore.remove(draft)
                try VolumeStore.requireRoom(known == nil ? record.byteCount : snapshot.contentBytes, root)
                return try VolumeStore.make(draft, record)
            }
            let restorer = VolumeStreamRestorer(root: path, maxBytes: record.byteCount)
            for chunk in snapshot.chunks {
                let bytes = try await blobs.read(chunk.blob, limit: ContentChunker.maxBytes)
                guard bytes.readableBytes == chunk.byteCount else {
                    throw VolumeError(.badSnapshot, "A chunk is not as long as the snapshot says")
                }
                try await block { try restorer.append(bytes) }
            }
            try await block { try restorer.finish() }
            try await blobs.keep(index, chunks: Array(Set(snapshot.chunks.map(\.blob))))
            try await block {
                try VolumeStore.unmount(draft)
                try VolumeStore.unmount(folder)
                try VolumeStore.replace(folder, by: draft)
                _ = try VolumeStore.mounted(folder)
            }
        } catch {
            try? await block { try VolumeStore.recover(folder) }
            throw error
        }
        try await remember(
            VolumeStatus.Snapshot(
                blob: index.description, createdMilliseconds: snapshot.createdMilliseconds,
                contentBytes: snapshot.contentBytes, entryCount: snapshot.entryCount, newBytes: 0), folder)
    }

    private func remember(_ entry: VolumeStatus.Snapshot, _ folder: String) async throws {
        let forgotten = try await block { () -> [VolumeStatus.Snapshot] in
            guard var record = try VolumeRecord.read(folder) else { return [] }
            record.snapshots.removeAll { $0.blob == entry.blob }
            record.snapshots.append(entry)
            let surplus = max(0, record.snapshots.count - VolumeLimits.maxSnapshots)
            let forgotten = Array(record.snapshots.prefix(surplus))
            record.snapshots.removeFirst(surplus)
            try record.write(folder)
            return forgotten
        }
        for snapshot in forgotten { if let blob = BlobID(snapshot.blob) { try await blobs.release(blob) } }
    }

    // MARK: Folders

    private func begin(_ id: VolumeID) throws(VolumeError) {
        guard !isClosed else { throw VolumeError(.inUse, "The node is stopping; try again when it is back") }
        guard busy.insert(id).inserted else {
            throw VolumeError(.inUse, "Something else is being done with the volume \(id); wait for its end")
        }
        begun += 1
    }

    private func folder(_ id: VolumeID) -> String { "\(root)/\(id)" }

    private func block<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await threads.runIfActive(body)
    }

    private func make(_ id: VolumeID, byteCount: Int) async throws {
        let (folder, record) = (folder(id), VolumeRecord(byteCount: byteCount, backing: backing))
        let (draft, root) = (VolumeStore.draft(folder), root)
        try await block {
            try VolumeStore.unmount(draft)
            try VolumeStore.remove(draft)
            try VolumeStore.requireRoom(byteCount, root)
            _ = try VolumeStore.make(draft, record)
            try VolumeStore.unmount(draft)
            try VolumeStore.replace(folder, by: draft)
            _ = try VolumeStore.mounted(folder)
        }
    }

    private static func missing(_ id: VolumeID) -> VolumeError {
        VolumeError(.notFound, "This node has no volume \(id); `skerry volumes list` shows those that there are")
    }

    private static func draft(_ folder: String) -> String { "\(folder).\(draftName)" }

    /// Refuses what the disk has no room for. Volumes that are not full yet count as if they were: one that fills up must not
    /// take the room of others, or the node's own.
    private static func requireRoom(_ byteCount: Int, _ root: String) throws {
        let free = Int(skerry_free_bytes(root))
        guard free >= 0 else { return }
        var promised = 0
        for id in ids(root) {
            guard let status = try status(of: id, root, []) else { continue }
            let rest = max(0, status.byteCount - status.usedBytes)
            promised = rest > .max - promised ? .max : promised + rest
        }
        guard byteCount <= free, promised <= free - byteCount else {
            throw VolumeError(
                .tooLarge,
                "The node's disk has \(free) bytes, of which its volumes may still take \(promised): there is no room for "
                    + "\(byteCount) more")
        }
    }

    /// Makes an empty volume, with its record; the folder for its files.
    private static func make(_ folder: String, _ record: VolumeRecord) throws -> String {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw VolumeError(.disk, "The folder \(folder) cannot be made: \(error)") }
        if record.backing == .disk {
            try disk(folder).format(byteCount: record.byteCount)
            try disk(folder).mount()
        }
        let path = data(folder, record.backing)
        guard mkdir(path, 0o755) == 0 else {
            throw VolumeError(.disk, "The folder \(path) cannot be made (\(String(cString: strerror(errno))))")
        }
        try record.write(folder)
        return path
    }

    private static func disk(_ folder: String) -> VolumeDisk {
        VolumeDisk(image: "\(folder)/\(imageName)", mountPoint: "\(folder)/\(mountName)")
    }

    private static func data(_ folder: String, _ backing: VolumeBacking) -> String {
        backing == .disk ? "\(folder)/\(mountName)/\(dataName)" : "\(folder)/\(dataName)"
    }

    /// Sees to it that the files can be reached; their folder.
    private static func mounted(_ folder: String) throws -> String {
        guard let record = try VolumeRecord.read(folder) else {
            throw VolumeError(.notFound, "There is no volume here")
        }
        if record.backing == .disk { try disk(folder).mount() }
        return data(folder, record.backing)
    }

    private static func unmount(_ folder: String) throws { try disk(folder).unmount() }

    private static func remove(_ folder: String) throws {
        guard FileManager.default.fileExists(atPath: folder) else { return }
        do { try FileManager.default.removeItem(atPath: folder) } catch {
            throw VolumeError(.disk, "\(folder) cannot be removed: \(error)")
        }
    }

    /// Puts a volume into another one's place, whose files are removed. The record of the old one stays as the new one's
    /// memory of snapshots.
    private static func replace(_ folder: String, by draft: String) throws {
        let old = "\(folder).old"
        if let known = try VolumeRecord.read(folder), var record = try VolumeRecord.read(draft) {
            record.snapshots = known.snapshots
            try record.write(draft)
        }
        try remove(old)
        if FileManager.default.fileExists(atPath: folder), rename(folder, old) != 0 {
            throw VolumeError(.disk, "\(folder) cannot be renamed (\(String(cString: strerror(errno))))")
        }
        guard rename(draft, folder) == 0 else {
            throw VolumeError(.disk, "\(draft) cannot be renamed (\(String(cString: strerror(errno))))")
        }
        // The folders of slot, app and all volumes may be new as well.
        var parent = folder
        for _ in 0..<3 {
            parent = (parent as NSString).deletingLastPathComponent
            guard let open = OpenFolder(path: parent), fsync(open.number) == 0 else {
                throw VolumeError(.disk, "\(parent) cannot be written (\(String(cString: strerror(errno))))")
            }
        }
        try remove(old)
    }

    /// Ends a replacement that was interrupted: what was there before stays, unless the new one has its place already.
    private static func recover(_ folder: String) throws {
        let (old, draft) = ("\(folder).old", draft(folder))
        if !FileManager.default.fileExists(atPath: folder), FileManager.default.fileExists(atPath: old),
            rename(old, folder) != 0
        {
            throw VolumeError(.disk, "\(old) cannot be renamed (\(String(cString: strerror(errno))))")
        }
        for rest in [old, draft] {
            try unmount(rest)
            try remove(rest)
        }
    }

    /// The volume that a folder belongs to: one that takes its place, or whose place it took, too.
    private static func original(_ name: String) -> String {
        [".old", ".\(draftName)"].first { name.hasSuffix($0) }.map { String(name.dropLast($0.count)) } ?? name
    }

    /// Volumes that are here, each once, in order.
    ///
    /// - Parameter volume: The name of a volume by that of its folder.
    private static func ids(_ root: String, _ volume: (String) -> String = { $0 }) -> [VolumeID] {
        func names(_ path: String) -> [String] { (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] }
        let all = names(root).flatMap { app in
            names("\(root)/\(app)").flatMap { slot in
                names("\(root)/\(app)/\(slot)").compactMap { VolumeID("\(app)/\(slot)/\(volume($0))") }
            }
        }
        return Set(all).sorted()
    }

    private static func status(of id: VolumeID, _ root: String, _ inUse: Set<VolumeID>) throws -> VolumeStatus? {
        let folder = "\(root)/\(id)"
        guard let record = try VolumeRecord.read(folder) else { return nil }
        return VolumeStatus(
            id: id, byteCount: record.byteCount,
            usedBytes: DiskUse.bytes(record.backing == .disk ? "\(folder)/\(imageName)" : data(folder, .folder)),
            isBounded: record.backing == .disk, isInUse: inUse.contains(id), snapshots: record.snapshots)
    }
}
