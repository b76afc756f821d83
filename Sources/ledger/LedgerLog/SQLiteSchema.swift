import Foundation
import GRDB
import Ledger

/// The log's tables: making them, and telling whether a file has them.
enum SQLiteSchema {
    /// "Skry" in ASCII: marks the file as ours.
    private static let applicationID = 0x536b_7279
    /// 1 had neither bases nor refusals, and entries that do not name their sequencer.
    private static let version = 2

    /// In SQLite's terms: FULL syncs the write-ahead log with each commit, NORMAL only before its pages move.
    static func setDurability(_ database: Database, _ durability: SQLiteLedgerLog.Durability, _ path: String) throws {
        let (name, expected) = durability == .full ? ("FULL", 2) : ("NORMAL", 1)
        try database.execute(sql: "PRAGMA synchronous = \(name)")
        guard try Int.fetchOne(database, sql: "PRAGMA synchronous") == expected else {
            throw LedgerLogError(.logUnusable, "SQLite does not sync \(path) as asked; is its build unusual?")
        }
    }

    static func prepare(_ database: Database, _ genesis: Genesis, _ path: String) throws {
        if try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") == 0 {
            try make(database, genesis)
            return
        }
        guard try Int.fetchOne(database, sql: "PRAGMA application_id") == applicationID else {
            throw LedgerLogError(.logUnusable, "\(path) is no ledger log; use another data folder")
        }
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard found == version, let bytes = try storedGenesis(database) else {
            throw LedgerLogError(
                .logUnusable,
                "\(path) is a ledger log of version \(found), this software writes version \(version). "
                    + (found < version ? "Begin with an empty data folder" : "Update the software"))
        }
        guard bytes == genesis.bytes else {
            throw LedgerLogError(
                .wrongNetwork,
                "\(path) belongs to another network than \(genesis.networkName) "
                    + "(\(genesis.networkID.short)); use another data folder")
        }
        // Logs that are older than the table lack nothing else, and older software does not look at it.
        try makeRefusals(database)
    }

    private static func makeRefusals(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS refusal (
                    number INTEGER PRIMARY KEY NOT NULL, id BLOB NOT NULL UNIQUE, sequence INTEGER NOT NULL,
                    code TEXT NOT NULL, message TEXT NOT NULL) STRICT;
                """)
    }

    static func storedGenesis(_ database: Database) throws -> Data? {
        try Data.fetchOne(database, sql: "SELECT value FROM meta WHERE key = 'genesis'")
    }

    private static func make(_ database: Database, _ genesis: Genesis) throws {
        try database.execute(
            sql: """
                CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
                CREATE TABLE base (
                    one INTEGER PRIMARY KEY NOT NULL CHECK (one = 1), sequence INTEGER NOT NULL, hash BLOB NOT NULL,
                    state_root BLOB NOT NULL, snapshot BLOB NOT NULL, snapshot_bytes INTEGER NOT NULL,
                    certificate BLOB NOT NULL) STRICT;
                CREATE TABLE handover (epoch INTEGER PRIMARY KEY NOT NULL, bytes BLOB NOT NULL) STRICT;
                CREATE TABLE evidence (
                    one INTEGER PRIMARY KEY NOT NULL CHECK (one = 1), our_header BLOB NOT NULL,
                    our_signature BLOB NOT NULL, their_header BLOB NOT NULL, their_signature BLOB NOT NULL) STRICT;
                CREATE TABLE entry (sequence INTEGER PRIMARY KEY NOT NULL, hash BLOB NOT NULL, bytes BLOB NOT NULL)
                    STRICT;
                CREATE TABLE outcome (
                    sequence INTEGER NOT NULL, position INTEGER NOT NULL, id BLOB NOT NULL, release TEXT, code TEXT,
                    message TEXT, PRIMARY KEY (sequence, position)) STRICT, WITHOUT ROWID;
                CREATE INDEX outcome_by_id ON outcome (id);
                PRAGMA application_id = \(applicationID);
                PRAGMA user_version = \(version);
                """)
        try makeRefusals(database)
        try database.execute(
            sql: "INSERT INTO meta (key, value) VALUES ('genesis', ?)", arguments: [genesis.bytes])
    }
}
