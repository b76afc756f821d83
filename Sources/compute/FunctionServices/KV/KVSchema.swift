import GRDB

/// The store's tables: making them, and telling whether a file has them.
enum KVSchema {
    /// "SkKV" in ASCII: marks the file as ours.
    private static let applicationID = 0x536b_4b56
    private static let version = 3
    /// The version without stamps, which only `skerry dev` wrote, and the one that gave no app away.
    private static let (unstamped, unshared) = (1, 2)
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
        if found == unstamped { try stamp(database) }
        if found == unstamped || found == unshared { return try share(database) }
        guard found == version else {
            throw KVError(
                .unusable, "\(path) has format \(found), this program knows \(version); use the program that wrote it")
        }
    }

    private static func make(_ database: Database) throws {
        // Keys are blobs, so that they are ordered by their bytes. The index of expiring entries leaves out the others.
        // An app's floor is the clock of the store's own last change before it was given away.
        try database.execute(
            sql: """
                CREATE TABLE app (
                    id INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL UNIQUE,
                    bytes INTEGER NOT NULL DEFAULT 0, entries INTEGER NOT NULL DEFAULT 0,
                    \(floorColumn)) STRICT;
                CREATE TABLE namespace (
                    id INTEGER PRIMARY KEY NOT NULL, app INTEGER NOT NULL REFERENCES app(id), name TEXT NOT NULL,
                    UNIQUE (app, name)) STRICT;
                CREATE TABLE entry (
                    id INTEGER PRIMARY KEY NOT NULL, namespace INTEGER NOT NULL REFERENCES namespace(id),
                    key BLOB NOT NULL, metadata TEXT, expiration INTEGER, value BLOB NOT NULL,
                    \(stampColumns.joined(separator: ", ")),
                    UNIQUE (namespace, key)) STRICT;
                CREATE INDEX entry_by_expiration ON entry (expiration) WHERE expiration IS NOT NULL;
                \(stampTables)
                \(fileTable(Int64.random(in: 1 ... .max)))
                PRAGMA application_id = \(applicationID);
                PRAGMA user_version = \(version);
                """)
    }

    private static let floorColumn = "floor INTEGER NOT NULL DEFAULT 0"

    /// A removed key keeps its row, without its value, so that others hear of it. `mark` is set while the app is copied
    /// whole, on what the other store has too.
    private static let stampColumns = [
        "app INTEGER NOT NULL DEFAULT 0", "clock INTEGER NOT NULL DEFAULT 0", "writer INTEGER NOT NULL DEFAULT 0",
        "removed INTEGER", "mark INTEGER NOT NULL DEFAULT 0",
    ]

    /// `seen` has what the store has seen of each writer, and up to where it may have forgotten that keys were removed.
    private static let stampTables = """
        CREATE INDEX entry_by_clock ON entry (app, writer, clock);
        CREATE INDEX entry_by_removal ON entry (app, removed) WHERE removed IS NOT NULL;
        CREATE TABLE seen (
            app INTEGER NOT NULL REFERENCES app(id), writer INTEGER NOT NULL, clock INTEGER NOT NULL,
            forgotten INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (app, writer)) STRICT, WITHOUT ROWID;
        """

    private static func stamp(_ database: Database) throws {
        for column in stampColumns { try database.execute(sql: "ALTER TABLE entry ADD COLUMN \(column)") }
        try database.execute(
            sql: """
                UPDATE entry SET app = (SELECT n.app FROM namespace n WHERE n.id = entry.namespace), clock = id;
                \(stampTables)
                INSERT INTO seen (app, writer, clock) SELECT app, 0, max(clock) FROM entry GROUP BY app;
                """)
    }

    /// The number that the file got when it was made; 0 if that was before files had one.
    static func incarnation(_ database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT incarnation FROM file") ?? 0
    }

    private static func fileTable(_ incarnation: Int64) -> String {
        "CREATE TABLE file (incarnation INTEGER NOT NULL) STRICT; INSERT INTO file VALUES (\(incarnation));"
    }

    private static func share(_ database: Database) throws {
        try database.execute(
            sql: """
                ALTER TABLE app ADD COLUMN \(floorColumn);
                \(fileTable(0))
                PRAGMA user_version = \(version);
                """)
    }
}
