import Blake3
public import Foundation
import GRDB
public import Ledger

/// A log in one SQLite file: write-ahead log, an fsync with each append, one writer.
public final class SQLiteLedgerLog: LedgerLog {
    /// "Skry" in ASCII: marks the file as ours.
    private static let applicationID = 0x536b_7279
    private static let schemaVersion = 1
    /// What `PRAGMA synchronous` reads as FULL.
    private static let synchronousFull = 2
    /// How long a write waits for another process, for example a backup, to let go of the file.
    private static let busyTimeout: TimeInterval = 10
    private static let readers = 4

    /// The file's path.
    public let path: String
    private let genesisHash: Digest
    private let pool: DatabasePool

    /// Opens the log at `path`, or makes an empty one for `genesis`. The folder must exist.
    ///
    /// - Throws: ``LedgerLogError`` `.wrongNetwork` if the file is another network's, `.logUnusable` if it is no log or
    ///   cannot be opened.
    public init(path: String, genesis: Genesis) throws {
        self.path = path
        genesisHash = genesis.networkID.digest
        do {
            pool = try SQLiteLedgerLog.open(path, readOnly: false)
            try pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = FULL")
                let level = try Int.fetchOne(database, sql: "PRAGMA synchronous")
                guard level == SQLiteLedgerLog.synchronousFull else {
                    throw LedgerLogError(.logUnusable, "SQLite does not sync \(path) fully; is its build unusual?")
                }
            }
            try pool.write { try SQLiteLedgerLog.prepare($0, genesis, path) }
        } catch let error as LedgerLogError {
            throw error
        } catch {
            throw LedgerLogError(
                .logUnusable, "Cannot open the ledger's log \(path): \(error). Restore the file or move it away")
        }
    }

    /// The genesis of the log at `path`; nil if there is no file.
    ///
    /// - Throws: ``LedgerLogError`` `.logUnusable` if the file is no log.
    public static func genesis(atPath path: String) throws -> Genesis? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            let pool = try open(path, readOnly: true)
            defer { try? pool.close() }
            guard let bytes = try pool.read({ try storedGenesis($0) }) else { return nil }
            return try Genesis(decoding: bytes)
        } catch {
            throw LedgerLogError(
                .logUnusable, "Cannot read the genesis in \(path): \(error). Restore the file or move it away")
        }
    }

    public func head() async throws -> LogHead {
        let empty = LogHead(sequence: 0, hash: genesisHash)
        return try await pool.read { try SQLiteLedgerLog.head($0) ?? empty }
    }

    public func append(_ record: LogRecord) async throws {
        let entry = record.entry
        let empty = LogHead(sequence: 0, hash: genesisHash)
        try await pool.write { database in
            let head = try SQLiteLedgerLog.head(database) ?? empty
            guard let sequence = Int64(exactly: entry.sequence), head.sequence < .max,
                entry.sequence == head.sequence + 1, entry.previousHash == head.hash
            else {
                throw LedgerLogError(
                    .conflict,
                    "Entry \(entry.sequence) does not follow the log's head \(head.sequence); is another "
                        + "process using this log?")
            }
            try database.execute(
                sql: "INSERT INTO entry (sequence, hash, bytes) VALUES (?, ?, ?)",
                arguments: [sequence, Data(entry.hash.bytes), entry.bytes])
            let insert = try database.cachedStatement(
                sql: "INSERT INTO applied (id, sequence, release) VALUES (?, ?, ?)")
            for applied in record.applied {
                try insert.execute(arguments: [Data(applied.id.digest.bytes), sequence, applied.release?.description])
            }
        }
    }

    public func entries(from sequence: UInt64, limit: Int, byteLimit: Int) async throws -> [Data] {
        guard let first = Int64(exactly: sequence), limit > 0 else { return [] }
        return try await pool.read { database in
            var entries: [Data] = []
            var byteCount = 0
            let rows = try Row.fetchCursor(
                database, sql: "SELECT sequence, bytes FROM entry WHERE sequence >= ? ORDER BY sequence LIMIT ?",
                arguments: [first, Int64(limit)])
            var expected = first
            while let row = try rows.next() {
                let bytes: Data = try row.value("bytes")
                byteCount += bytes.count
                if !entries.isEmpty, byteCount > byteLimit { break }
                guard try row.value("sequence") == expected else { break }
                entries.append(bytes)
                expected &+= 1
            }
            return entries
        }
    }

    public func applied(_ id: TransactionID) async throws -> AppliedTransaction? {
        try await pool.read { database in
            let row = try Row.fetchOne(
                database, sql: "SELECT sequence, release FROM applied WHERE id = ?",
                arguments: [Data(id.digest.bytes)])
            guard let row else { return nil }
            let release = String.fromDatabaseValue(row["release"])
            return AppliedTransaction(
                id: id, sequence: try row.sequence(), release: release.flatMap { ReleaseID($0) })
        }
    }

    public func close() async throws { try pool.close() }

    private static func open(_ path: String, readOnly: Bool) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.label = "ledger"
        configuration.readonly = readOnly
        configuration.busyMode = .timeout(busyTimeout)
        configuration.maximumReaderCount = readers
        return try DatabasePool(path: path, configuration: configuration)
    }

    private static func prepare(_ database: Database, _ genesis: Genesis, _ path: String) throws {
        let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
        if tables == 0 {
            try database.execute(
                sql: """
                    CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
                    CREATE TABLE entry (sequence INTEGER PRIMARY KEY NOT NULL, hash BLOB NOT NULL, bytes BLOB NOT NULL)
                        STRICT;
                    CREATE TABLE applied (id BLOB PRIMARY KEY NOT NULL, sequence INTEGER NOT NULL, release TEXT)
                        STRICT, WITHOUT ROWID;
                    PRAGMA application_id = \(applicationID);
                    PRAGMA user_version = \(schemaVersion);
                    """)
            try database.execute(
                sql: "INSERT INTO meta (key, value) VALUES ('genesis', ?)", arguments: [genesis.bytes])
            return
        }
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version")
        guard try Int.fetchOne(database, sql: "PRAGMA application_id") == applicationID, version == schemaVersion,
            let bytes = try storedGenesis(database)
        else {
            throw LedgerLogError(
                .logUnusable,
                "\(path) is no ledger log of this version; use another data folder or update the software")
        }
        guard bytes == genesis.bytes else {
            throw LedgerLogError(
                .wrongNetwork,
                "\(path) belongs to another network than \(genesis.networkName) "
                    + "(\(genesis.networkID.short)); use another data folder")
        }
    }

    private static func storedGenesis(_ database: Database) throws -> Data? {
        try Data.fetchOne(database, sql: "SELECT value FROM meta WHERE key = 'genesis'")
    }

    private static func head(_ database: Database) throws -> LogHead? {
        let row = try Row.fetchOne(
            database, sql: "SELECT sequence, hash FROM entry ORDER BY sequence DESC LIMIT 1")
        guard let row else { return nil }
        guard let hash = Digest(try row.value("hash") as Data) else {
            throw LedgerLogError(.logUnusable, "The head of the ledger's log is damaged; restore the file")
        }
        return LogHead(sequence: try row.sequence(), hash: hash)
    }
}

extension Row {
    /// A column of a file that anybody may have touched: GRDB's own subscript would trap on another type.
    fileprivate func value<Value: DatabaseValueConvertible>(_ column: String) throws -> Value {
        guard let value = Value.fromDatabaseValue(self[column]) else {
            throw LedgerLogError(.logUnusable, "The ledger's log holds a damaged \(column); restore the file")
        }
        return value
    }

    fileprivate func sequence() throws -> UInt64 {
        guard let sequence = UInt64(exactly: try value("sequence") as Int64) else {
            throw LedgerLogError(.logUnusable, "The ledger's log holds a negative sequence; restore the file")
        }
        return sequence
    }
}
