import Blake3
import ControlModel
import Foundation
import GRDB
import HTTPCache
import Identity
import Synchronization

/// Which answers are stored, in one SQLite file; their bodies are blobs.
///
/// Rows may be lost with a crash of the machine: then they are fetched again. Purges are on the disk when they return,
/// and what they hit is gone in the same transaction.
final class CacheIndex: Sendable {
    /// How long purges are kept for nodes that were away, in milliseconds. A node that was away longer begins empty.
    static let purgeMilliseconds = PurgeOrder.maxAgeMilliseconds
    /// Variants of one key; the longest stored make way for more. An origin that varies by what each client says its own way
    /// would fill the disk with one URL else, and every request would be compared with all of them.
    static let maxVariants = 64
    private static let cacheKiB = 4_096
    private static let version = 1

    /// A stored answer and what the cache knows of it.
    struct Row: Sendable {
        let app: String
        let record: StoredResponse
        /// Bytes of the body and the record together.
        let byteCount: Int
    }

    private let pool: DatabasePool
    /// What ``digest(of:)`` says, for apps that were asked about.
    private let digests = Mutex<[String: [UInt8]]>([:])
    /// Which log places are of.
    let log: UInt64

    /// Opens the index, or makes an empty one. The folder must exist. One that cannot be read is replaced. On a full
    /// disk it opens too, unless it was away for so long that it would have to be emptied.
    init(path: String, now: Int64) throws {
        var configuration = Configuration()
        configuration.label = "edge-cache"
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA cache_size = -\(Self.cacheKiB)") }
        func open() throws -> DatabasePool {
            let pool = try DatabasePool(path: path, configuration: configuration)
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = NORMAL") }
            try pool.write { try Self.prepare($0) }
            return pool
        }
        do { pool = try open() } catch let error as DatabaseError
            where [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode)
        {
            // Nothing in it is worth more than a fetch, but purges are gone with it: other nodes have them.
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
            pool = try open()
        }
        let (seen, log) = try pool.read { db in
            (try Self.note("seen", db) ?? now, try Self.note("log", db) ?? 0)
        }
        self.log = UInt64(bitPattern: log)
        let isStale = now - seen > Self.purgeMilliseconds
        do {
            try pool.write { db in
                if isStale { try db.execute(sql: "DELETE FROM entry") }
                try db.execute(sql: "DELETE FROM purge WHERE at < ?", arguments: [now - Self.purgeMilliseconds])
                try db.execute(sql: "INSERT OR REPLACE INTO note VALUES ('seen', ?)", arguments: [now])
            }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL && !isStale {
            // It was here lately enough: what it has may be served.
        }
    }

    private static func note(_ name: String, _ db: Database) throws -> Int64? {
        try Int64.fetchOne(db, sql: "SELECT value FROM note WHERE name = ?", arguments: [name])
    }

    private static func prepare(_ db: Database) throws {
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard found == 0 || found == version else {
            throw EdgeCacheError(
                "The cache's index is of version \(found), which this software does not know; remove it")
        }
        guard found == 0 else { return }
        try db.execute(
            sql: """
                CREATE TABLE entry (
                    id INTEGER PRIMARY KEY, app TEXT NOT NULL, key TEXT NOT NULL, variant TEXT NOT NULL,
                    name BLOB NOT NULL UNIQUE,
                    url TEXT NOT NULL, host TEXT NOT NULL, body TEXT NOT NULL, record BLOB NOT NULL,
                    bytes INTEGER NOT NULL,
                    CHECK (length(name) = 32));
                CREATE INDEX entry_key ON entry (app, key);
                CREATE INDEX entry_url ON entry (app, url);
                CREATE INDEX entry_host ON entry (app, host);
                CREATE INDEX entry_body ON entry (body);
                CREATE TABLE tag (
                    app TEXT NOT NULL, tag TEXT NOT NULL,
                    entry INTEGER NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
                    PRIMARY KEY (app, tag, entry)) WITHOUT ROWID;
                CREATE INDEX tag_entry ON tag (entry);
                CREATE TABLE part (
                    name BLOB NOT NULL REFERENCES entry (name) ON DELETE CASCADE, start INTEGER NOT NULL,
                    bytes INTEGER NOT NULL, blob BLOB NOT NULL, PRIMARY KEY (name, start)) WITHOUT ROWID;
                CREATE TABLE purge (
                    place INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, app TEXT NOT NULL,
                    encoded BLOB NOT NULL, at INTEGER NOT NULL);
                CREATE INDEX purge_app ON purge (app);
                CREATE TABLE peer (node BLOB PRIMARY KEY, log INTEGER NOT NULL, place INTEGER NOT NULL) WITHOUT ROWID;
                CREATE TABLE note (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
                PRAGMA user_version = \(version);
                """)
        try db.execute(sql: "INSERT INTO note VALUES ('log', ?)", arguments: [Int64.random(in: 1 ... .max)])
    }

    func close() throws { try pool.close() }

    // MARK: Entries

    /// The variants that are stored of a key.
    func variants(of key: CacheKey, app: String) async throws -> [StoredResponse] {
        try await pool.read { db in
            try Data.fetchAll(
                db, sql: "SELECT record FROM entry WHERE app = ? AND key = ?", arguments: [app, key.text]
            ).compactMap { try? StoredResponse(decoding: Array($0)) }
        }
    }

    /// Keeps a record in the place of the one with its name.
    ///
    /// - Parameter parts: What is new of a body that is stored in parts; those that are there stay. Nil for other bodies.
    /// - Returns: The record as it is stored: with parts that others brought meanwhile. And what of the key made way for it.
    func store(_ row: Row, parts: [BodyPart]? = nil) async throws -> (record: StoredResponse, surplus: [Row]) {
        let name = Data(HotEntry.name(row.app, row.record).bytes)
        return try await pool.write { db in
            var record = row.record
            var kept: [BodyPart] = []
            if record.body.reference == BodyPart.reference, let stored = try Self.rows(db, "name = ?", [name]).first {
                record = record.holding(bytesOf: stored.record)
                if parts == nil || record.sharesBytes(with: stored.record) { kept = try Self.parts(db, name) }
            }
            let byteCount = row.byteCount + Int(record.body.held.byteCount - row.record.body.held.byteCount)
            try Self.delete(db, row.app, record)
            try db.execute(
                sql:
                    "INSERT INTO entry (app, key, variant, name, url, host, body, record, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                arguments: [
                    row.app, record.key.text, record.variantText, name, record.key.url, record.key.host,
                    record.body.reference, Data(record.encoded), byteCount,
                ])
            let id = db.lastInsertedRowID
            for tag in Set(record.surrogateKeys) {
                try db.execute(sql: "INSERT INTO tag VALUES (?, ?, ?)", arguments: [row.app, tag, id])
            }
            for part in kept + (parts ?? []) {
                try db.execute(
                    sql: "INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?)",
                    arguments: [name, part.start, part.byteCount, Data(part.blob.digest.bytes)])
            }
            return (record, try Self.trim(db, row.app, record.key))
        }
    }

    /// Takes out what a key has beyond ``maxVariants``; what it was.
    private static func trim(_ db: Database, _ app: String, _ key: CacheKey) throws -> [Row] {
        let surplus = try Data.fetchAll(
            db, sql: "SELECT name FROM entry WHERE app = ? AND key = ? ORDER BY id DESC LIMIT -1 OFFSET ?",
            arguments: [app, key.text, maxVariants])
        return try take(db, surplus)
    }

    private static func take(_ db: Database, _ names: [Data]) throws -> [Row] {
        try names.flatMap { name in
            let found = try rows(db, "name = ?", [name])
            try db.execute(sql: "DELETE FROM entry WHERE name = ?", arguments: [name])
            return found
        }
    }

    /// The parts of a record's body, in order.
    func parts(of record: StoredResponse, app: String) async throws -> [BodyPart] {
        let name = Data(HotEntry.name(app, record).bytes)
        return try await pool.read { try Self.parts($0, name) }
    }

    private static func parts(_ db: Database, _ name: Data) throws -> [BodyPart] {
        try GRDB.Row.fetchAll(
            db, sql: "SELECT start, bytes, blob FROM part WHERE name = ? ORDER BY start", arguments: [name]
        ).compactMap { row in
            let blob: Data = row["blob"]
            return Digest(blob).map { BodyPart(start: row["start"], byteCount: row["bytes"], blob: BlobID($0)) }
        }
    }

    func remove(_ record: StoredResponse, of app: String) async throws {
        try await pool.write { try Self.delete($0, app, record) }
    }

    /// Takes out all that have a body; what they were.
    func remove(body: BlobID) async throws -> [Row] {
        try await pool.write { db in
            let rows = try Self.rows(db, "body = ?", [body.description])
            if !rows.isEmpty {
                try db.execute(sql: "DELETE FROM entry WHERE body = ?", arguments: [body.description])
            }
            return rows
        }
    }

    private static func rows(_ db: Database, _ condition: String, _ arguments: StatementArguments) throws -> [Row] {
        try GRDB.Row.fetchAll(
            db, sql: "SELECT app, record, bytes FROM entry WHERE \(condition)", arguments: arguments
        ).compactMap { row in
            let bytes: Data = row["record"]
            guard let record = try? StoredResponse(decoding: Array(bytes)) else { return nil }
            return Row(app: row["app"], record: record, byteCount: row["bytes"])
        }
    }

    /// What is stored of an app's URLs.
    func rows(app: String, urls: Set<String>) async throws -> [Row] {
        let marks = urls.map { _ in "?" }.joined(separator: ", ")
        return try await pool.read { db in
            try Self.rows(db, "app = ? AND url IN (\(marks))", StatementArguments([app] + urls.sorted()))
        }
    }

    /// Marks all variants of a key stale.
    ///
    /// - Parameter isInvalid: Whether they answer nothing any more before they have been validated.
    func markStale(_ key: CacheKey, of app: String, isInvalid: Bool = false, now: Int64) async throws {
        try await pool.write { db in
            for row in try Self.rows(db, "app = ? AND key = ?", [app, key.text]) {
                var record = row.record
                record.invalidatedAt = now
                record.isInvalid = record.isInvalid || isInvalid
                try db.execute(
                    sql: "UPDATE entry SET record = ? WHERE name = ?",
                    arguments: [Data(record.encoded), Data(HotEntry.name(app, record).bytes)])
            }
        }
    }

    private static func delete(_ db: Database, _ app: String, _ record: StoredResponse) throws {
        try db.execute(
            sql: "DELETE FROM entry WHERE name = ?", arguments: [Data(HotEntry.name(app, record).bytes)])
    }

    /// All names and the bytes of their bodies, the oldest first.
    func forEachName(_ body: (Digest, Int64) -> Void) throws {
        try pool.read { db in
            let rows = try GRDB.Row.fetchCursor(db, sql: "SELECT name, bytes FROM entry ORDER BY id")
            while let row = try rows.next() {
                let name: Data = row["name"]
                if let digest = Digest(name) { body(digest, row["bytes"]) }
            }
        }
    }

    /// Takes rows out.
    func remove(names: [Digest]) throws {
        if names.isEmpty { return }
        try pool.write { db in
            for name in names {
                try db.execute(sql: "DELETE FROM entry WHERE name = ?", arguments: [Data(name.bytes)])
            }
        }
    }

    /// Takes rows out; what they were.
    func evict(_ names: [Digest]) async throws -> [Row] {
        if names.isEmpty { return [] }
        return try await pool.write { try Self.take($0, names.map { Data($0.bytes) }) }
    }

    /// Entries and the bytes of their bodies, by app.
    func totals() async throws -> [(app: String, entries: Int, bytes: Int)] {
        try await pool.read { db in
            try GRDB.Row.fetchAll(db, sql: "SELECT app, COUNT(*) AS n, SUM(bytes) AS b FROM entry GROUP BY app").map {
                ($0["app"], $0["n"], $0["b"])
            }
        }
    }
}

// MARK: Purges

extension CacheIndex {
    /// Carries a purge out and keeps it; on the disk when this returns.
    ///
    /// - Returns: The answers that were hit; nil if the purge was here before.
    func purge(_ purge: CachePurge, now: Int64) async throws -> [StoredResponse]? {
        try await pool.writeWithoutTransaction { db in
            // A purge that a power cut forgets would be a lie.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            defer { try? db.execute(sql: "PRAGMA synchronous = NORMAL") }
            var hit: [StoredResponse]?
            try db.inTransaction {
                try db.execute(
                    sql: "INSERT OR IGNORE INTO purge (id, app, encoded, at) VALUES (?, ?, ?, ?)",
                    arguments: [Data(purge.id.bytes), purge.app, Data(purge.encoded), now])
                if db.changesCount > 0 { hit = try Self.carryOut(db, purge, now) }
                return .commit
            }
            // Still the only writer: nobody reads the table anew meanwhile.
            if hit != nil { self.digests.withLock { _ = $0[purge.app]?.add(purge.id.bytes) } }
            return hit
        }
    }

    private static func carryOut(_ db: Database, _ purge: CachePurge, _ now: Int64) throws -> [StoredResponse] {
        let (condition, values): (String, [String]) =
            switch purge.scope {
            case .url: urlCondition(Array(purge.urls))
            case .host(let host): ("host = ?", [host])
            case .key(let key): ("id IN (SELECT entry FROM tag WHERE app = entry.app AND tag = ?)", [key])
            case .everything: ("1", [])
            }
        let rows = try GRDB.Row.fetchAll(
            db, sql: "SELECT id, record FROM entry WHERE app = ? AND \(condition)",
            arguments: StatementArguments([purge.app] + values))
        var hit: [StoredResponse] = []
        for row in rows {
            let id: Int64 = row["id"]
            let bytes: Data = row["record"]
            let record = try? StoredResponse(decoding: Array(bytes))
            if let record { hit.append(record) }
            guard purge.isSoft, var stale = record else {
                try db.execute(sql: "DELETE FROM entry WHERE id = ?", arguments: [id])
                continue
            }
            stale.invalidatedAt = now
            try db.execute(
                sql: "UPDATE entry SET record = ? WHERE id = ?", arguments: [Data(stale.encoded), id])
        }
        return hit
    }

    private static func urlCondition(_ urls: [String]) -> (String, [String]) {
        ("url IN (\(urls.map { _ in "?" }.joined(separator: ", ")))", urls)
    }

    /// Whether a purge was carried out here.
    func knows(_ purge: CachePurge) async throws -> Bool {
        try await pool.read { db in
            try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM purge WHERE id = ?)", arguments: [Data(purge.id.bytes)])
                ?? false
        }
    }

    /// A page of the log behind a place. One of another log begins at the start.
    func purges(log: UInt64, after place: Int64, limit: Int) async throws -> (
        orders: [[UInt8]], next: Int64, more: Bool
    ) {
        let start = log == self.log ? place : 0
        return try await pool.read { db in
            let rows = try GRDB.Row.fetchAll(
                db, sql: "SELECT place, encoded FROM purge WHERE place > ? ORDER BY place LIMIT ?",
                arguments: [start, limit])
            let orders = rows.map { row -> [UInt8] in
                let bytes: Data = row["encoded"]
                return Array(bytes)
            }
            let next: Int64 = rows.last.map { $0["place"] } ?? start
            return (orders, next, rows.count == limit)
        }
    }

    /// How far this node has read another's log.
    func place(of node: NodeID) async throws -> (log: UInt64, place: Int64) {
        try await pool.read { db in
            let row = try GRDB.Row.fetchOne(
                db, sql: "SELECT log, place FROM peer WHERE node = ?", arguments: [Data(node.digest.bytes)])
            guard let row else { return (0, 0) }
            let log: Int64 = row["log"]
            return (UInt64(bitPattern: log), row["place"])
        }
    }

    func setPlace(of node: NodeID, log: UInt64, place: Int64) async throws {
        try await pool.write { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO peer VALUES (?, ?, ?)",
                arguments: [Data(node.digest.bytes), Int64(bitPattern: log), place])
        }
    }

    /// Says that this node was up to date with the others' purges.
    func noteSeen(_ now: Int64) async throws {
        try await pool.write { db in
            try db.execute(sql: "INSERT OR REPLACE INTO note VALUES ('seen', ?)", arguments: [now])
        }
    }

    /// The exclusive or of the identities of an app's purges: equal where the same ones were carried out.
    func digest(of app: String) async throws -> [UInt8] {
        if let known = digests.withLock({ $0[app] }) { return known }
        return try await pool.write { db in
            var sum = [UInt8](repeating: 0, count: Self.digestBytes)
            for id in try Data.fetchAll(db, sql: "SELECT id FROM purge WHERE app = ?", arguments: [app]) {
                sum.add(Array(id))
            }
            self.digests.withLock { digests in
                if digests.count >= Self.maxDigests { digests.removeAll() }
                digests[app] = sum
            }
            return sum
        }
    }

    /// Bytes of a digest of purges.
    static let digestBytes = 32
    private static let maxDigests = 4_096
}

extension [UInt8] {
    /// Adds bytes by exclusive or.
    fileprivate mutating func add(_ other: [UInt8]) {
        for (index, byte) in other.enumerated() where index < count { self[index] ^= byte }
    }
}
