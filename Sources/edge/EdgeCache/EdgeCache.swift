import Blake3
public import BlobStore
public import Gateway
import HTTPCache
import Identity
public import Logging
import NIOCore
public import Origins
import Streams
import Synchronization

/// Answers of origins: from memory, from the disk, from other nodes, or from the origin, which is asked once for all
/// who wait.
///
/// A stored answer is a row in an index and a body in the blob store. Rules are those of `HTTPCache`; this room executes
/// them. Any thread.
public final class EdgeCache: Sendable {
    struct State {
        var table: CacheTable
        var flights: [Flight.Place: Flight] = [:]
        /// Keys whose last answer could not be stored, and until when they are not waited for, in milliseconds.
        var unstorable: [CacheTable.Key: Int64] = [:]
        var streams = PeerStreams()
        /// What stays on the disk.
        var eviction: Eviction<Digest>
        var isClosed = false
        /// Purges and changes that the index does not know yet: what it has of theirs must not be taken from it.
        var unwritten: [CachePurge] = []
        /// The digests of other nodes' purges that were compared with those here.
        var compared: [Comparison: [UInt8]] = [:]

        struct Comparison: Hashable {
            let node: NodeID
            let app: String
        }

        /// Nobody boards it any more.
        mutating func end(_ flight: Flight) {
            if flights[flight.place] === flight { flights[flight.place] = nil }
        }
    }

    let settings: EdgeCacheSettings
    let store: BlobStore
    let blobs: any GatewayBlobs
    let origins: any OriginFetcher
    let plans: any OriginPlans
    let peers: any CachePeers
    let authority: any PurgeAuthority
    let index: CacheIndex
    let counters = CacheCounters()
    let logger: Logger
    /// Milliseconds since 1970.
    let now: @Sendable () -> Int64
    let state: Mutex<State>
    let chores = Mutex<[Task<Void, Never>]>([])

    /// Opens the cache.
    ///
    /// - Parameters:
    ///   - path: The index's file; the folder must exist.
    ///   - blobs: Bodies: from `store`, else from other nodes.
    ///   - now: Milliseconds since 1970.
    /// - Throws: If the index cannot be used.
    public init(
        path: String, settings: EdgeCacheSettings = .init(), store: BlobStore, blobs: any GatewayBlobs,
        origins: any OriginFetcher, plans: any OriginPlans, peers: any CachePeers, authority: any PurgeAuthority,
        logger: Logger, now: @escaping @Sendable () -> Int64
    ) throws {
        self.settings = settings
        self.store = store
        self.blobs = blobs
        self.origins = origins
        self.plans = plans
        self.peers = peers
        self.authority = authority
        self.logger = logger
        self.now = now
        index = try CacheIndex(path: path, now: now())
        var eviction = Eviction<Digest>(capacityBytes: Int64(settings.diskBytes))
        var excess: [Digest] = []
        try index.forEachName { name, bytes in excess += eviction.insert(name, bytes: bytes).evicted }
        try index.remove(names: excess)
        let table = CacheTable(maxBytes: settings.memoryBytes, maxEntries: settings.memoryEntries)
        state = Mutex(State(table: table, eviction: eviction))
    }

    /// Ends what goes on in the background. When this returns, the index is closed.
    public func close() async {
        state.withLock { $0.isClosed = true }
        for task in chores.withLock({ $0 }) { task.cancel() }
        try? index.close()
    }

    /// Does what the cache does by itself: follows the blob store, and compares purges with other nodes. Ends when cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.followStore() }
            group.addTask { await self.comparePurges() }
        }
    }
}
