import Blake3
public import Identity
public import Logging
import Metrics
public import NIOCore
public import NIOPosix
import Synchronization

/// Immutable blobs on disk, each under its BLAKE3 digest, verified whenever they are read.
///
/// One folder, one process: `blobs.sqlite` is the index and holds small blobs, `data/` the files of larger ones with
/// the values of their blocks, `tmp/` unfinished ones, `corrupt/` files that failed a check. "Stored" means durable:
/// a put that has returned survives a crash of the machine. Where the index is missing, data files get new rows in the
/// background.
///
/// Synchronous calls may wait for the index (some 20 µs) unless they say otherwise; none of them holds a lock while it
/// waits for a file. All calls may be made from any thread.
public final class BlobStore: Sendable {
    /// Changes of one blob whose files are settled and whose rows are not yet.
    struct Pending: Hashable, Sendable {
        var publications = 0
        var deletions = 0
    }

    /// An object, so that there can be an array of locks.
    private final class Stripe: Sendable {
        let pending = Mutex<[BlobID: Pending]>([:])
    }

    private static let stripeCount = 64

    let folder: StoreFolder
    let index: BlobIndex
    let writer: IndexWriter
    /// The settings that the store was opened with.
    public let settings: Settings
    let threadPool: NIOThreadPool
    let logger: Logger
    let metrics: StoreMetrics
    let time: StoreTime
    let plan: SpacePlan
    let state: StoreState
    let holds: Holds
    let partialBlobs: PartialBlobs
    let damageReports = Broadcast<DamagedBlob>(maxPending: maxPendingDamages)
    let changeReports: Broadcast<StoreChange>
    /// Damages that wait for a slow listener.
    private static let maxPendingDamages = 10_000
    /// Held while blobs are evicted or collected, one step at a time, so that closing waits for the step.
    let removals = Mutex(())
    let isEvictionScheduled = Atomic(false)
    let isCollecting = Atomic(false)
    /// Data files that were there before the index wait for their rows.
    let isAdopting: Atomic<Bool>
    let publications = PublicationGate()
    /// Reads that waited for the disk, to which the scrubber yields.
    let foregroundReads = Atomic<UInt64>(0)
    private let stripes = (0..<stripeCount).map { _ in Stripe() }
    private let closed = Atomic(false)

    /// Opens the store, creates it when the folder is empty or missing, and finishes what a crash left undone.
    ///
    /// - Parameters:
    ///   - folder: Path of the store's folder; nothing else may write there.
    ///   - threadPool: Runs all work that waits for a disk; must be started, and outlive the store.
    /// - Throws: `BlobStoreError`: `.folderInUse` while another store has the folder, `.incompatible`, `.diskFull`,
    ///   `.ioFailed`, `.indexFailed`.
    public init(folder: String, settings: Settings, threadPool: NIOThreadPool, logger: Logger) throws {
        self.settings = settings
        self.threadPool = threadPool
        self.logger = logger
        let metrics = StoreMetrics()
        self.metrics = metrics
        plan = SpacePlan(settings)
        let files = try StoreFolder(
            path: folder, reserveBytes: max(0, settings.reserveBytes), faults: settings.faults)
        let holds = Holds()
        let (index, adoption) = try Self.openIndex(files, settings, holds)
        let awaitsAdoption = adoption != nil
        self.folder = files
        self.index = index
        self.holds = holds
        isAdopting = Atomic(awaitsAdoption)
        time = StoreTime(settings.clock, before: try index.totals().openMilliseconds)
        let marked = try files.collectLeftovers()
        // Without rows the marks say nothing; what the files are worth, adoption finds out.
        if awaitsAdoption {
            marked.forEach(files.unmark)
        } else {
            try Self.finishMarked(marked, files, index, at: time.now)
        }
        partialBlobs = try PartialBlobs(folder: files, settings: settings, logger: logger, time: time) {
            try index.present($0)
        }
        let totals = try index.totals()
        let state = StoreState(StoreMemory(settings), totals, UseLog(at: time.openMilliseconds))
        self.state = state
        metrics.report(totals)
        let changeReports = Broadcast<StoreChange>(maxPending: Self.maxPendingChanges)
        self.changeReports = changeReports
        writer = IndexWriter(index: index, threadPool: threadPool, time: time) { effects, totals in
            state.apply(effects, totals)
            metrics.report(totals)
            for change in Self.changes(of: effects) { changeReports.send(change) }
        }
        // Only for a quota: what others put on the disk since must not empty a store that was merely opened.
        if settings.quotaBytes != nil { evictIfFull() }
        if let adoption { adoptAll(adoption) }
    }

    /// Opens the index, the copy in its place if it is missing or damaged, or an empty one; and says why data files wait
    /// for rows, if they do.
    private static func openIndex(
        _ files: StoreFolder, _ settings: Settings, _ holds: Holds
    ) throws -> (BlobIndex, AdoptionReason?) {
        func open() throws -> BlobIndex {
            try BlobIndex(path: files.indexPath, readerCount: settings.indexReaderCount, holds: holds)
        }
        do {
            if try !files.hasIndex && files.restoreIndex() { return (try open(), .restored) }
            let awaitsAdoption = try files.awaitsAdoption()
            do {
                return (try open(), awaitsAdoption ? .missing : nil)
            } catch let damage as IndexDamage {
                guard try files.restoreIndex() else { throw damage }
                return (try open(), .restored)
            }
        } catch let damage as IndexDamage {
            throw damage.error
        }
    }

    /// What is known about a blob, from memory or the index; nil when it is not stored.
    public func stat(_ id: BlobID) throws -> BlobStat? {
        let (known, generation) = memory { ($0.stat(id), $0.generation) }
        if let known { return known }
        try requireOpen()
        guard let found = try index.stat(id) else { return nil }
        memory { $0.remember(found, generation: generation) }
        return found
    }

    /// Whether a blob is stored.
    public func contains(_ id: BlobID) throws -> Bool { try stat(id) != nil }

    /// Those of `ids` that are not stored, in their order, each once.
    public func missing(from ids: [BlobID]) throws -> [BlobID] {
        try requireOpen()
        var seen: Set<BlobID> = []
        let unknown = memory { memory in ids.filter { seen.insert($0).inserted && memory.stat($0) == nil } }
        if unknown.isEmpty { return [] }
        let present = try index.present(unknown)
        return unknown.filter { !present.contains($0) }
    }

    /// A blob of a single block, if it is in memory: never touches the disk, so it is safe on an event loop.
    public func hot(_ id: BlobID) -> ByteBuffer? {
        guard let block = memory({ $0.hotBlock(id, 0) }), block.isWhole else { return nil }
        metrics.hotHits.increment()
        noteUse(id)
        return block.bytes
    }

    /// Stored blobs in the order of their digests.
    ///
    /// - Parameters:
    ///   - after: Begins behind this one; nil begins with the first.
    ///   - limit: At most so many.
    public func list(after: BlobID?, limit: Int) throws -> [BlobStat] {
        try requireOpen()
        return try index.list(after: after, limit: limit)
    }

    /// Number of blobs and the sum of their sizes in bytes; from memory.
    public var usage: (blobs: Int, bytes: Int) { state.space.withLock { ($0.totals.blobs, $0.totals.bytes) } }

    /// Number of protected blobs and the sum of their sizes in bytes, part of `usage`; from memory.
    public var protectedUsage: (blobs: Int, bytes: Int) {
        state.space.withLock { ($0.totals.protectedBlobs, $0.totals.protectedBytes) }
    }

    /// Makes what was asked for durable, refuses further calls with `.closed` and gives the folder free.
    ///
    /// Waits for the disk: sessions whose `finish` is under way become stored blobs, unless their bytes take longer than
    /// 10 s. Those and all others fail when they are used next; what they wrote of unfinished blobs stays. Closing twice
    /// does nothing.
    public func close() throws {
        guard !closed.exchange(true, ordering: .sequentiallyConsistent) else { return }
        publications.close()
        removals.withLock { _ in }
        flushUses()
        partialBlobs.close()
        writer.close()
        damageReports.finish()
        changeReports.finish()
        memory { $0.forgetEverything() }
        defer { folder.release() }
        try index.close()
    }

    func requireOpen() throws {
        if closed.load(ordering: .relaxed) { throw BlobStoreError.storeClosed }
    }

    func memory<Value: Sendable>(_ body: (inout StoreMemory) -> Value) -> Value {
        state.memory.withLock { body(&$0) }
    }

    /// Notes that a blob was read; the index hears of it within a minute. Safe on an event loop.
    func noteUse(_ id: BlobID) {
        let now = time.openMilliseconds
        guard let used = state.uses.withLock({ $0.note(id, at: now) }) else { return }
        writer.enqueue(.use(used)) { _ in }
        writer.schedule()
    }

    /// Tells the index of all uses so far; somebody must drain the writer.
    func flushUses() {
        let now = time.openMilliseconds
        if let used = state.uses.withLock({ $0.take(at: now) }) { writer.enqueue(.use(used)) { _ in } }
    }

    /// Keeps the files of one blob and the order of its index changes in step; `body` gets what is under way.
    /// The index writer takes this lock too, so `body` must not wait for it.
    func alone<Value>(with id: BlobID, _ body: (inout Pending) throws -> Value) rethrows -> Value {
        let number = id.digest.withUnsafeBytes { Int($0[0]) % Self.stripeCount }
        return try stripes[number].pending.withLock { pending in
            var own = pending[id] ?? Pending()
            defer { pending[id] = own == Pending() ? nil : own }
            return try body(&own)
        }
    }

    /// Brings files and rows of marked blobs in line: both or neither.
    private static func finishMarked(
        _ ids: [BlobID], _ files: StoreFolder, _ index: BlobIndex, at now: StoreInstant
    ) throws {
        for id in ids {
            let stat = try index.stat(id)
            if let stat {
                do {
                    if !stat.isInline { _ = try OpenBlob(stat, folder: files) }
                    files.unmark(id)
                    continue
                } catch is Damage {
                    // Whatever else prevents reading says nothing about the file.
                }
            }
            files.delete(id)
            if stat != nil { _ = try index.apply([.delete(id, .damaged)], at: now) }
            files.unmark(id)
        }
    }
}
