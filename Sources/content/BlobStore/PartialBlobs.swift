import Blake3
import CLinux
import Identity
import Logging
import Synchronization

/// The unfinished blobs of a store: what sessions work on, and what earlier ones left.
///
/// Maps are in memory, so that asking what is held never touches the disk; files are opened when they are needed.
final class PartialBlobs: Sendable {
    private struct Entry {
        /// As of the last save; `blob` knows better.
        var stat: PartialStat
        var blob: PartialBlob?
        /// When `blob` was last asked for, on a counter.
        var lastUse: UInt64 = 0
        /// A session has it, or is about to; files are changed by that one only.
        var hasSession = false

        var current: PartialStat {
            var current = blob?.stat ?? stat
            current.isOpen = hasSession
            return current
        }
    }

    private struct State {
        var entries: [BlobID: Entry] = [:]
        var uses: UInt64 = 0
        var isClosed = false
    }

    /// Files kept open for readers while no session has them.
    private static let idleFileCount = 16

    private let folder: StoreFolder
    private let settings: BlobStore.Settings
    private let logger: Logger
    private let time: StoreTime
    private let state: Mutex<State>

    /// Finds what is left in the folder; reads maps only. Deletes what is damaged, stored (`isStored`) or above the limits.
    init(
        folder: StoreFolder, settings: BlobStore.Settings, logger: Logger, time: StoreTime,
        isStored: ([BlobID]) throws -> Set<BlobID>
    ) throws {
        self.folder = folder
        self.settings = settings
        self.logger = logger
        self.time = time
        let names = try folder.collectPartials()
        let stored = try isStored(names)
        var entries: [BlobID: Entry] = [:]
        for id in names {
            if stored.contains(id) {
                folder.deletePartial(id)
            } else if let stat = Self.readMap(id, folder, settings, at: time.openMilliseconds) {
                entries[id] = Entry(stat: stat)
            } else {
                folder.deletePartial(id)
                logger.notice("discarded an unfinished blob that cannot be continued", metadata: ["blob": "\(id)"])
            }
        }
        state = Mutex(State(entries: entries))
        trim()
    }

    /// Bytes that all partial blobs reserve on the disk.
    var bytes: Int { bytes { _ in true } }

    /// Bytes that some of the partial blobs reserve on the disk.
    func bytes(where isCounted: (BlobID) -> Bool) -> Int {
        state.withLock { $0.entries.values.reduce(0) { $0 + (isCounted($1.stat.id) ? $1.stat.byteCount : 0) } }
    }

    func stat(_ id: BlobID) -> PartialStat? { state.withLock { $0.entries[id]?.current } }

    func list() -> [PartialStat] { state.withLock { $0.entries.values.map(\.current) }.sorted { $0.id < $1.id } }

    /// Continues or begins a blob for a session, which must end with `suspend` or `remove`; blocks.
    ///
    /// - Parameter blockValues: Known to imply `id`.
    func begin(_ id: BlobID, byteCount: Int, blockValues: [Digest]) throws -> PartialBlob {
        let known = try state.withLock { state -> Entry? in
            if state.isClosed { throw BlobStoreError.storeClosed }
            let known = state.entries[id]
            if known?.hasSession == true {
                throw BlobStoreError(.sessionBusy, "blob \(id) is being assembled already; wait for that session")
            }
            let none = BlockSet(blockCount: blockValues.count)
            let now = time.now
            let stat = PartialStat(
                id: id, byteCount: byteCount, held: none, updatedAtMilliseconds: now.wallMilliseconds,
                usedMilliseconds: now.openMilliseconds)
            var entry = known ?? Entry(stat: stat)
            entry.hasSession = true
            state.entries[id] = entry
            return known
        }
        var left = known
        do {
            let continued = try known.flatMap { try reopen($0, byteCount, blockValues) }
            left = nil
            let blob =
                try continued
                ?? PartialBlob(
                    new: id, byteCount: byteCount, blockValues: blockValues, folder: folder, settings: settings,
                    time: time)
            state.withLock { $0.entries[id] = Entry(stat: blob.stat, blob: blob, hasSession: true) }
            return blob
        } catch {
            state.withLock { $0.entries[id] = left }
            throw error
        }
    }

    /// Ends a session and keeps what it wrote; blocks. Nothing is kept of a blob without blocks or without its file.
    func suspend(_ blob: PartialBlob) {
        if blob.hasFile { save(blob) }
        if blob.held.count == 0 || !blob.isSound || !blob.hasFile { return remove(blob) }
        state.withLock { state in
            guard state.entries[blob.id]?.blob === blob else { return }
            state.entries[blob.id]?.hasSession = false
            state.entries[blob.id]?.stat = blob.stat
            closeIdle(&state)
        }
        trim()
    }

    /// Ends a session and deletes what it wrote, if that has not become a stored blob.
    func remove(_ blob: PartialBlob) {
        blob.delete()
        state.withLock { state in
            if state.entries[blob.id]?.blob === blob { state.entries[blob.id] = nil }
        }
    }

    /// Deletes what no session has; false when there is nothing. Throws `.sessionBusy` when a session has it.
    func discard(_ id: BlobID) throws -> Bool {
        let victim = try state.withLock { state -> Entry? in
            guard let entry = state.entries[id] else { return nil }
            if entry.hasSession {
                throw BlobStoreError(.sessionBusy, "blob \(id) is being assembled; cancel that first")
            }
            state.entries[id]?.hasSession = true
            return entry
        }
        guard let victim else { return false }
        delete(victim)
        return true
    }

    /// The open files of a partial blob; nil when there is none, or it is just being opened. Blocks.
    func open(_ id: BlobID) throws -> PartialBlob? {
        let (blob, stat) = use(id)
        if blob != nil { return blob }
        guard let stat else { return nil }
        do {
            let opened = try PartialBlob(
                stat, blockValues: nil, folder: folder, settings: settings, time: time)
            return state.withLock { state in
                guard let entry = state.entries[id], !entry.hasSession, entry.blob == nil else {
                    return state.entries[id]?.blob
                }
                state.entries[id]?.blob = opened
                closeIdle(&state)
                return opened
            }
        } catch let damage as Damage {
            logger.notice(
                "discarded an unfinished blob that is damaged",
                metadata: ["blob": "\(id)", "reason": "\(damage.reason)"])
            _ = try? discard(id)
            return nil
        }
    }

    /// The files of a partial blob if they are open; does not block.
    func opened(_ id: BlobID) -> PartialBlob? { use(id).blob }

    /// Saves what sessions wrote and leaves the folder alone from now on; blocks.
    func close() {
        let blobs = state.withLock { state in
            state.isClosed = true
            return state.entries.values.compactMap(\.blob)
        }
        for blob in blobs {
            save(blob)
            blob.abandon()
        }
    }

    /// Makes what a session wrote survive a restart; blocks. A failure is only logged: the session goes on.
    func save(_ blob: PartialBlob) {
        do {
            try blob.save()
        } catch {
            logger.warning(
                "what arrived of a blob would have to be fetched again after a restart",
                metadata: ["blob": "\(blob.id)", "error": "\(error)"])
        }
    }

    /// Also returns what is needed to open the files, when nobody has them.
    private func use(_ id: BlobID) -> (blob: PartialBlob?, stat: PartialStat?) {
        state.withLock { state in
            guard !state.isClosed, let entry = state.entries[id] else { return (nil, nil) }
            state.uses += 1
            state.entries[id]?.lastUse = state.uses
            return (entry.blob, entry.hasSession ? nil : entry.stat)
        }
    }

    /// Nil when what was left cannot be continued: it is replaced.
    private func reopen(_ entry: Entry, _ byteCount: Int, _ blockValues: [Digest]) throws -> PartialBlob? {
        guard entry.stat.byteCount == byteCount else {
            if let blob = entry.blob { blob.delete() } else { folder.deletePartial(entry.stat.id) }
            return nil
        }
        if let blob = entry.blob { return blob }
        do {
            return try PartialBlob(
                entry.stat, blockValues: blockValues, folder: folder, settings: settings, time: time)
        } catch let damage as Damage {
            logger.notice(
                "an unfinished blob begins again", metadata: ["blob": "\(entry.stat.id)", "reason": "\(damage.reason)"])
            folder.deletePartial(entry.stat.id)
            return nil
        }
    }

    private func closeIdle(_ state: inout State) {
        let idle = state.entries.values.filter { $0.blob != nil && !$0.hasSession }
        // What could not be saved is tried again when the store closes.
        let saved = idle.filter { $0.blob?.isUnsaved == false }
        guard idle.count > Self.idleFileCount, let oldest = saved.min(by: { $0.lastUse < $1.lastUse }) else { return }
        state.entries[oldest.stat.id]?.stat = oldest.current
        state.entries[oldest.stat.id]?.blob = nil
    }

    /// Deletes the oldest of those that no session has until the limits hold.
    private func trim() {
        while let victim = state.withLock({ Self.takeExcess(&$0, settings) }) {
            logger.notice(
                "discarded the oldest unfinished blob: too many wait to be continued",
                metadata: ["blob": "\(victim.stat.id)"])
            delete(victim)
        }
    }

    private static func takeExcess(_ state: inout State, _ settings: BlobStore.Settings) -> Entry? {
        if state.isClosed { return nil }
        let waiting = state.entries.values.filter { !$0.hasSession }
        let bytes = waiting.reduce(0) { $0 + $1.stat.byteCount }
        guard waiting.count > settings.partialCount || bytes > settings.partialBytes else { return nil }
        let oldest = waiting.min { $0.stat.isOlder(than: $1.stat) }
        if let oldest { state.entries[oldest.stat.id]?.hasSession = true }
        return oldest
    }

    /// The entry stays, taken, until the files are gone: nobody else may use their names before.
    private func delete(_ victim: Entry) {
        if let blob = victim.blob { blob.delete() } else { folder.deletePartial(victim.stat.id) }
        state.withLock { _ = $0.entries.removeValue(forKey: victim.stat.id) }
    }

    /// What an earlier process left of a blob; nil when the files are not what they must be.
    ///
    /// - Parameter now: The store's own time. What a map says is not beyond it, unless the index was lost, which keeps it.
    private static func readMap(
        _ id: BlobID, _ folder: StoreFolder, _ settings: BlobStore.Settings, at now: Int64
    ) -> PartialStat? {
        let largest = PartialMap.fileByteCount(byteCount: settings.maxBlobBytes)
        guard let bytes = try? Files.contents(folder.partialMapFile(id), limit: largest),
            let map = PartialMap(bytes: bytes, id: id), map.byteCount <= settings.maxBlobBytes, map.held.count > 0,
            Files.status(folder.partialFile(id))?.size == Int64(map.byteCount),
            Files.status(folder.partialValueFile(id))?.size == Int64(map.held.blockCount * Digest.byteCount)
        else { return nil }
        return PartialStat(
            id: id, byteCount: map.byteCount, held: map.held, updatedAtMilliseconds: map.updatedAtMilliseconds,
            usedMilliseconds: min(map.usedMilliseconds ?? now, now))
    }
}
