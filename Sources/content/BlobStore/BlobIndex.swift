import Blake3
import Foundation
import GRDB
import Identity
import NIOCore

/// The SQLite index: one row a blob, and the bytes of small ones. All calls block.
final class BlobIndex: Sendable {
    /// A change of the index; changes are applied in the order in which they are asked for.
    enum Change: Sendable {
        case insert(BlobStat, bytes: ByteBuffer?)
        case delete(BlobID)
    }

    /// What a change did, for the counters and caches.
    enum Effect: Sendable {
        case inserted(BlobStat)
        case deleted(BlobStat)
        case none(BlobID)
    }

    private static let version = 1
    /// SQLite's number for `PRAGMA synchronous = FULL`.
    private static let synchronousFull = 2
    /// Names asked for in one statement; SQLite's own limit is far above.
    private static let idsPerQuery = 500
    private static let busyTimeoutSeconds = 10.0

    private let path: String
    private let pool: DatabasePool

    init(path: String, readerCount: Int) throws {
        self.path = path
        do {
            var configuration = Configuration()
            configuration.label = "blobs"
            configuration.maximumReaderCount = max(1, readerCount)
            configuration.busyMode = .timeout(Self.busyTimeoutSeconds)
            pool = try DatabasePool(path: path, configuration: configuration)
            try pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = FULL")
                guard try Int.fetchOne(database, sql: "PRAGMA synchronous") == Self.synchronousFull else {
                    throw BlobStoreError(
                        .indexFailed, "SQLite does not wait for the disk in \(path); use a build that allows FULL")
                }
            }
            try pool.write { try Self.createTables($0, path: path) }
        } catch {
            throw BlobStoreError.index("open", path, error)
        }
    }

    func close() throws {
        do { try pool.close() } catch { throw BlobStoreError.index("close", path, error) }
    }

    func stat(_ id: BlobID) throws -> BlobStat? {
        try read { database in
            try Row.fetchOne(database, sql: Self.selectStat + " WHERE id = ?", arguments: [Self.key(id)])
                .flatMap(Self.stat)
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
            try Data.fetchOne(
                database, sql: "SELECT bytes FROM inline_blob WHERE id = ?", arguments: [Self.key(id)]
            ).map { ByteBuffer(bytes: $0) }
        }
    }

    func usage() throws -> (blobs: Int, bytes: Int) {
        try read { database in
            let row = try Row.fetchOne(database, sql: "SELECT COUNT(*) AS n, COALESCE(SUM(size), 0) AS s FROM blob")
            return (row?["n"] ?? 0, row?["s"] ?? 0)
        }
    }

    /// Applies all changes in one transaction: all are durable on return, or none has happened.
    func apply(_ changes: [Change]) throws -> [Effect] {
        do {
            return try pool.write { database in try changes.map { try Self.apply($0, database) } }
        } catch {
            throw BlobStoreError.index("write", path, error)
        }
    }

    private func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        do { return try pool.read(body) } catch { throw BlobStoreError.index("read", path, error) }
    }

    private static func apply(_ change: Change, _ database: Database) throws -> Effect {
        switch change {
        case .insert(let stat, let bytes):
            let insert = try database.cachedStatement(
                sql: "INSERT OR IGNORE INTO blob (id, size, created_at, is_inline) VALUES (?, ?, ?, ?)")
            try insert.execute(arguments: [key(stat.id), stat.byteCount, stat.createdAtMilliseconds, stat.isInline])
            guard database.changesCount > 0 else { return .none(stat.id) }
            if let bytes {
                let insert = try database.cachedStatement(
                    sql: "INSERT OR REPLACE INTO inline_blob (id, bytes) VALUES (?, ?)")
                try insert.execute(arguments: [key(stat.id), Data(bytes.readableBytesView)])
            }
            return .inserted(stat)
        case .delete(let id):
            let found = try Row.fetchOne(database, sql: selectStat + " WHERE id = ?", arguments: [key(id)])
            try database.execute(sql: "DELETE FROM blob WHERE id = ?", arguments: [key(id)])
            try database.execute(sql: "DELETE FROM inline_blob WHERE id = ?", arguments: [key(id)])
            return found.flatMap(stat).map { .deleted($0) } ?? .none(id)
        }
    }

    private static let selectStat = "SELECT id, size, created_at, is_inline FROM blob"

    private static func key(_ id: BlobID) -> Data { Data(id.digest.bytes) }

    private static func stat(_ row: Row) -> BlobStat? {
        guard let key: Data = row["id"], let digest = Digest(key), let size: Int = row["size"], size >= 0,
            let created: Int64 = row["created_at"], let isInline: Bool = row["is_inline"]
        else { return nil }
        return BlobStat(id: BlobID(digest), byteCount: size, createdAtMilliseconds: created, isInline: isInline)
    }

    private static func createTables(_ database: Database, path: String) throws {
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard found <= version else {
            throw BlobStoreError(
                .incompatible, "\(path) has format \(found), this program knows \(version); use the newer program")
        }
        if found == version { return }
        // The row is the key, so that listing, counting and lookups read one small tree; bytes are kept apart from it.
        try database.execute(
            sql: """
                CREATE TABLE blob (
                    id BLOB PRIMARY KEY NOT NULL,
                    size INTEGER NOT NULL,
                    created_at INTEGER NOT NULL,
                    is_inline INTEGER NOT NULL
                ) WITHOUT ROWID;
                CREATE TABLE inline_blob (id BLOB PRIMARY KEY NOT NULL, bytes BLOB NOT NULL);
                PRAGMA user_version = \(version);
                """)
    }
}
