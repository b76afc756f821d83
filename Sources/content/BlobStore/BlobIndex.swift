import Blake3
import Foundation
import GRDB
import Identity
import NIOCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The SQLite index: one row a blob, the bytes of small ones, and what protects them. All calls block.
///
/// Memory: `cacheKiB` for each connection (readers and one writer), and nothing that grows with the number of blobs.
final class BlobIndex: Sendable {
    /// A change of the index; changes are applied in the order in which they are asked for.
    enum Change: Sendable {
        case insert(BlobStat, bytes: ByteBuffer?)
        case delete(BlobID, Deletion)
        /// Uses of blobs, at the time of the commit.
        case use([BlobID])
        case pin([BlobID], PinOwner)
        case unpin([BlobID], PinOwner)
        case unpinAll(PinOwner)
        case replacePins(PinOwner, [BlobID])
        case setReferences(BlobID, [BlobID])
        /// Forgets what those of these manifests refer to that are neither stored nor pinned.
        case dropLooseReferences([BlobID])
        case scrub(ScrubPosition)

        /// Whether this pins, or refers, or takes that back.
        var isTie: Bool {
            switch self {
            case .pin, .unpin, .unpinAll, .replacePins, .setReferences: true
            case .insert, .delete, .use, .dropLooseReferences, .scrub: false
            }
        }
    }

    /// Why a row goes.
    enum Deletion: Sendable, Hashable {
        /// Somebody asked for it.
        case requested
        /// The bytes are lost, and will be fetched again: what the blob refers to stays known.
        case damaged
        /// Nothing protects or holds the blob, and nobody has used it since then, in the store's own time.
        case unprotected(usedUntil: Int64)
    }

    /// What a change did.
    enum Effect: Sendable {
        case inserted(BlobStat)
        case deleted(BlobStat)
        /// So many other things changed, such as pins.
        case other(Int)
    }

    /// SQLite's number for `PRAGMA synchronous = FULL`.
    private static let synchronousFull = 2
    /// Names asked for in one statement; SQLite's own limit is far above.
    private static let idsPerQuery = 500
    private static let busyTimeoutSeconds = 10.0
    /// SQLite's page cache of one connection; more is in the system's page cache.
    private static let cacheKiB = 2_048

    let path: String
    private let pool: DatabasePool
    private let holds: Holds
    private let isClosed = Atomic(false)
    /// Calls that use a connection right now: GRDB must not close one under them.
    private let callCount = Atomic(0)
    private static let closePollMicroseconds: UInt32 = 100

    /// - Throws: `IndexDamage` when the file is no index, or broken; `BlobStoreError` for everything else.
    init(path: String, readerCount: Int, holds: Holds) throws {
        self.path = path
        self.holds = holds
        do {
            var configuration = Configuration()
            configuration.label = "blobs"
            configuration.maximumReaderCount = max(1, readerCount)
            configuration.busyMode = .timeout(Self.busyTimeoutSeconds)
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA cache_size = -\(Self.cacheKiB)") }
            pool = try DatabasePool(path: path, configuration: configuration)
            try pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = FULL")
                guard try Int.fetchOne(database, sql: "PRAGMA synchronous") == Self.synchronousFull else {
                    throw BlobStoreError(
                        .indexFailed, "SQLite does not wait for the disk in \(path); use a build that allows FULL")
                }
            }
            try pool.write { try Self.migrate($0, path: path) }
            _ = try pool.read { try IndexTotals.read($0) }
        } catch {
            let failure = BlobStoreError.index("open", path, error)
            if Self.isDamage(error) { throw IndexDamage(error: failure) }
            throw failure
        }
    }

    /// Refuses further calls and waits for those under way.
    func close() throws {
        isClosed.store(true, ordering: .sequentiallyConsistent)
        while callCount.load(ordering: .sequentiallyConsistent) > 0 {
            usleep(Self.closePollMicroseconds)
        }
        do { try pool.close() } catch { throw BlobStoreError.index("close", path, error) }
    }

    func stat(_ id: BlobID) throws -> BlobStat? {
        try read { database in
            let select = try database.cachedStatement(sql: Self.selectStat + " WHERE id = ?")
            return try Row.fetchOne(select, arguments: [Self.key(id)]).flatMap(Self.stat)
        }
    }

    /// Those of `ids` that have a row.
    func present(_ ids: [BlobID]) throws -> Set<BlobID> {
        try read { database in
            var found: Set<BlobID> = []
            for start in stride(from: 0, to: ids.count, by: Self.idsPerQuery) {
                let keys = ids[start..<min(start + Self.idsPerQuery, ids.count)].map(Self.key)
                let marks = databaseQuestionMarks(count: keys.count)
                let rows = try Data.fetchCursor(
                    database, sql: "SELECT id FROM blob WHERE id IN (\(marks))", arguments: StatementArguments(keys))
                while let key = try rows.next() {
                    if let digest = Digest(key) { found.insert(BlobID(digest)) }
                }
            }
            return found
        }
    }

    func list(after: BlobID?, limit: Int) throws -> [BlobStat] {
        try read { database in
            try Row.fetchAll(
                database, sql: Self.selectStat + " WHERE id > ? ORDER BY id LIMIT ?",
                arguments: [after.map(Self.key) ?? Data(), max(0, limit)]
            ).compactMap(Self.stat)
        }
    }

    func inlineBytes(_ id: BlobID) throws -> ByteBuffer? {
        try read { database in
            let select = try database.cachedStatement(sql: "SELECT bytes FROM inline_blob WHERE id = ?")
            return try Data.fetchOne(select, arguments: [Self.key(id)]).map { ByteBuffer(bytes: $0) }
        }
    }

    func totals() throws -> IndexTotals { try read { try IndexTotals.read($0) } }

    /// Applies all changes in one transaction: all are durable on return, or none has happened.
    func apply(_ changes: [Change], at now: StoreInstant) throws -> (effects: [Effect], totals: IndexTotals) {
        do {
            return try whileOpen {
                try pool.write { database in
                    var transaction = try IndexTransaction(database, at: now, holds: holds)
                    let effects = try changes.map { try transaction.apply($0) }
                    return (effects, try transaction.finish(isTies: changes.allSatisfy(\.isTie)))
                }
            }
        } catch {
            throw BlobStoreError.index("write", path, error)
        }
    }

    func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        do { return try whileOpen { try pool.read(body) } } catch { throw BlobStoreError.index("read", path, error) }
    }

    var isClosing: Bool { isClosed.load(ordering: .sequentiallyConsistent) }

    func whileOpen<Value>(_ body: () throws -> Value) throws -> Value {
        callCount.wrappingAdd(1, ordering: .sequentiallyConsistent)
        defer { callCount.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
        if isClosed.load(ordering: .sequentiallyConsistent) { throw BlobStoreError.storeClosed }
        return try body()
    }

    static let selectStat = "SELECT id, size, created_at, is_inline FROM blob"

    static func key(_ id: BlobID) -> Data { id.digest.withUnsafeBytes { Data($0) } }

    static func id(_ key: Data?) -> BlobID? { key.flatMap { Digest($0) }.map(BlobID.init) }

    /// From a row that begins with the columns of `selectStat`.
    static func stat(_ row: Row) -> BlobStat? {
        guard let id = id(row[0]), let size: Int = row[1], size >= 0, let created: Int64 = row[2],
            let isInline: Bool = row[3]
        else { return nil }
        return BlobStat(id: id, byteCount: size, createdAtMilliseconds: created, isInline: isInline)
    }
}
