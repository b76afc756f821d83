import GRDB

extension BlobIndex {
    static let version = 2

    /// Creates the tables, or brings those of an older version up to date; nothing is lost when that is interrupted.
    static func migrate(_ database: Database, path: String) throws {
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard found <= version else {
            throw BlobStoreError(
                .incompatible, "\(path) has format \(found), this program knows \(version); use the newer program")
        }
        if found == version { return }
        if found < 1 { try createBlobs(database) }
        if found < 2 { try createUsesAndProtection(database) }
        try database.execute(sql: "PRAGMA user_version = \(version)")
    }

    private static func createBlobs(_ database: Database) throws {
        // The row is the key, so that listing and lookups read one small tree; bytes are kept apart from it.
        try database.execute(
            sql: """
                CREATE TABLE blob (
                    id BLOB PRIMARY KEY NOT NULL,
                    size INTEGER NOT NULL,
                    created_at INTEGER NOT NULL,
                    is_inline INTEGER NOT NULL
                ) WITHOUT ROWID;
                CREATE TABLE inline_blob (id BLOB PRIMARY KEY NOT NULL, bytes BLOB NOT NULL);
                """)
    }

    private static func createUsesAndProtection(_ database: Database) throws {
        // `used_ms` is the store's own time, `used_at` the wall clock's. The index of cold blobs leaves out what is
        // protected: eviction reads its victims off the beginning of it.
        try database.execute(
            sql: """
                ALTER TABLE blob ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
                ALTER TABLE blob ADD COLUMN used_ms INTEGER NOT NULL DEFAULT 0;
                ALTER TABLE blob ADD COLUMN heat REAL NOT NULL DEFAULT 0;
                ALTER TABLE blob ADD COLUMN is_protected INTEGER NOT NULL DEFAULT 0;
                UPDATE blob SET used_at = created_at;
                CREATE INDEX blob_cold ON blob(heat, id) WHERE is_protected = 0;

                CREATE TABLE pin (owner TEXT NOT NULL, id BLOB NOT NULL, PRIMARY KEY (owner, id)) WITHOUT ROWID;
                CREATE INDEX pin_of_blob ON pin(id, owner);
                CREATE TABLE reference (
                    parent BLOB NOT NULL, child BLOB NOT NULL, PRIMARY KEY (parent, child)
                ) WITHOUT ROWID;
                CREATE TABLE tie (
                    id BLOB PRIMARY KEY NOT NULL,
                    pins INTEGER NOT NULL,
                    parents INTEGER NOT NULL,
                    pinned_parents INTEGER NOT NULL
                ) WITHOUT ROWID;

                CREATE TABLE state (
                    number INTEGER PRIMARY KEY CHECK (number = 0),
                    blobs INTEGER NOT NULL,
                    bytes INTEGER NOT NULL,
                    protected_blobs INTEGER NOT NULL,
                    protected_bytes INTEGER NOT NULL,
                    open_ms INTEGER NOT NULL,
                    scrub_began_ms INTEGER,
                    scrub_after BLOB,
                    scrub_blob BLOB,
                    scrub_block INTEGER,
                    scrub_is_finished INTEGER
                );
                INSERT INTO state (number, blobs, bytes, protected_blobs, protected_bytes, open_ms)
                    SELECT 0, COUNT(*), COALESCE(SUM(size), 0), 0, 0, 0 FROM blob;
                """)
    }
}
