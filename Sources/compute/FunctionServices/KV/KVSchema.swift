import GRDB

/// The store's tables: making them, and telling whether a file has them.
enum KVSchema {
    /// "SkKV" in ASCII: marks the file as ours.
    private static let applicationID = 0x536b_4b56
    private static let version = 1
    /// SQLite's number for `PRAGMA synchronous = FULL`.
    private static let synchronousFull = 2

    /// Each commit waits for the disk.
    static func setDurability(_ database: Database, _ path: String) throws {
        try database.execute(sql: "PRAGMA synchronous = FULL")
        guard try Int.fetchOne(database, sql: "PRAGMA synchronous") == synchronousFull else {
            throw KVError(.unusable, "SQLite does not wait for the disk in \(path); use a build that allows FULL")
        }
    }

    static func prepare(_ database: Database, _ path: String) throws {
        if try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") == 0 { return try make(database) }
        guard try Int.fetchOne(database, sql: "PRAGMA application_id") == applicationID else {
            throw KVError(.unusable, "\(path) is no key-value store; use another folder")
        }
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard found == version else {
            throw KVError(
                .unusable, "\(path) has format \(found), this program knows \(version); use the program that wrote it")
        }
    }

    private static func make(_ database: Database) throws {
        // Keys are blobs, so that they are ordered by their bytes. The index of expiring entries leaves out the others.
        try database.execute(
            sql: """
                CREATE TABLE app (
                    id INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL UNIQUE,
                    bytes INTEGER NOT NULL DEFAULT 0, entries INTEGER NOT NULL DEFAULT 0) STRICT;
                CREATE TABLE namespace (
                    id INTEGER PRIMARY KEY NOT NULL, app INTEGER NOT NULL REFERENCES app(id), name TEXT NOT NULL,
                    UNIQUE (app, name)) STRICT;
                CREATE TABLE entry (
                    id INTEGER PRIMARY KEY NOT NULL, namespace INTEGER NOT NULL REFERENCES namespace(id),
                    key BLOB NOT NULL, metadata TEXT, expiration INTEGER, value BLOB NOT NULL,
                    UNIQUE (namespace, key)) STRICT;
                CREATE INDEX entry_by_expiration ON entry (expiration) WHERE expiration IS NOT NULL;
                PRAGMA application_id = \(applicationID);
                PRAGMA user_version = \(version);
                """)
    }
}
