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
/// a put that has returned survives a crash of the machine.
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
    private let shared: SharedMemory
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
        let files = try StoreFolder(path: folder, reserveBytes: max(0, settings.reserveBytes))
        let index = try BlobIndex(path: files.indexPath, readerCount: settings.indexReaderCount)
        self.folder = files
        self.index = index
        try Self.finishMarked(try files.collectLeftovers(), files, index)
        let usage = try index.usage()
        let shared = SharedMemory(StoreMemory(settings, blobs: usage.blobs, bytes: usage.bytes))
        self.shared = shared
        metrics.report(blobs: usage.blobs, bytes: usage.bytes)
        writer = IndexWriter(index: index, threadPool: threadPool) { effects in
            let usage = shared.state.withLock { memory in
                memory.apply(effects)
                return (blobs: memory.blobs, bytes: memory.bytes)
            }
            metrics.report(blobs: usage.blobs, bytes: usage.bytes)
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
    public var usage: (blobs: Int, bytes: Int) { memory { ($0.blobs, $0.bytes) } }

    /// Makes what was asked for durable, refuses further calls with `.closed` and gives the folder free.
    ///
    /// Waits for the disk. Unfinished sessions fail when they are used next. Closing twice does nothing.
    public func close() throws {
        guard !closed.exchange(true, ordering: .sequentiallyConsistent) else { return }
        writer.close()
        memory { $0.forgetEverything() }
        defer { folder.release() }
        try index.close()
    }

    func requireOpen() throws {
        if closed.load(ordering: .relaxed) { throw BlobStoreError.storeClosed }
    }

    func memory<Value: Sendable>(_ body: (inout StoreMemory) -> Value) -> Value {
        shared.state.withLock { body(&$0) }
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
    private static func finishMarked(_ ids: [BlobID], _ files: StoreFolder, _ index: BlobIndex) throws {
        for id in ids {
            let stat = try index.stat(id)
            if let stat, stat.isInline || (try? OpenBlob(stat, folder: files)) != nil {
                files.unmark(id)
                continue
            }
            files.delete(id)
            if stat != nil { _ = try index.apply([.delete(id)]) }
            files.unmark(id)
        }
    }
}

/// Lets the index writer's callback reach the memory before the store is complete.
private final class SharedMemory: Sendable {
    let state: Mutex<StoreMemory>
    init(_ memory: StoreMemory) { state = Mutex(memory) }
}
