import Blake3
import Foundation
import GRDB
public import Ledger

/// What a node signed, so that it never signs something else in its place: two statements of one sequence cost it its
/// stake, whatever the reason.
///
/// A file of its own and no part of the log: after a fork the log is replaced by a sound copy, and just then the node
/// must know what it signed on the other branch. It belongs to the node's key, and goes where the key goes.
public final class SigningRecord: Sendable {
    /// Votes of one network that are remembered by their checkpoints: more than a ledger remembers checkpoints, so that
    /// every vote that may still be asked for can be given again.
    static let maxVotes = 128
    /// How long a write waits for another process, for example a backup, to let go of the file.
    private static let busyTimeout: TimeInterval = 10

    private let path: String
    private let network: Data
    private let pool: DatabasePool

    /// Opens the record at `path`, or makes an empty one. The folder must exist.
    ///
    /// - Parameter network: What was signed on other networks is another matter and stays as it is.
    /// - Throws: ``LedgerLogError`` `.logUnusable` if the file is no such record or cannot be opened.
    public init(path: String, network: NetworkID) throws {
        self.path = path
        self.network = Data(network.digest.bytes)
        var configuration = Configuration()
        configuration.label = "signed"
        configuration.maximumReaderCount = 1
        configuration.busyMode = .timeout(SigningRecord.busyTimeout)
        do {
            pool = try DatabasePool(path: path, configuration: configuration)
            try pool.write { database in
                try database.execute(
                    sql: """
                        CREATE TABLE IF NOT EXISTS vote (
                            network BLOB NOT NULL, sequence INTEGER NOT NULL, checkpoint BLOB NOT NULL,
                            PRIMARY KEY (network, sequence)) STRICT, WITHOUT ROWID;
                        CREATE TABLE IF NOT EXISTS entry (network BLOB PRIMARY KEY NOT NULL, bytes BLOB NOT NULL) STRICT;
                        """)
            }
            // A pool's reader is closed behind the writer, and leaves the files beside this one: with them the record opens
            // on a full disk too.
            _ = try pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM entry") }
        } catch {
            throw SigningRecord.unusable(path, error)
        }
    }

    /// Whether this node may sign `checkpoint`: it signed this very one, or nothing of that sequence or above. When this
    /// returns true, that it does is durable, also against a power cut.
    ///
    /// - Throws: ``LedgerLogError`` `.logUnusable`; the checkpoint must not be signed then.
    public func admit(_ checkpoint: Checkpoint) async throws -> Bool {
        guard let sequence = Int64(exactly: checkpoint.sequence) else { return false }
        let hash = Data(checkpoint.hash.bytes)
        return try await write(durability: "FULL") { [network] database in
            let known = try Data.fetchOne(
                database, sql: "SELECT checkpoint FROM vote WHERE network = ? AND sequence = ?",
                arguments: [network, sequence])
            if let known { return known == hash }
            let highest = try Int64.fetchOne(
                database, sql: "SELECT max(sequence) FROM vote WHERE network = ?", arguments: [network])
            if let highest, highest >= sequence { return false }
            try database.execute(
                sql: "INSERT INTO vote (network, sequence, checkpoint) VALUES (?, ?, ?)",
                arguments: [network, sequence, hash])
            try database.execute(
                sql: """
                    DELETE FROM vote WHERE network = ? AND sequence <= (
                        SELECT sequence FROM vote WHERE network = ? ORDER BY sequence DESC LIMIT 1 OFFSET ?)
                    """,
                arguments: [network, network, SigningRecord.maxVotes])
            return true
        }
    }

    /// The highest entry whose checkpoint this node signed; 0 if there was none.
    ///
    /// - Throws: ``LedgerLogError`` `.logUnusable`.
    func highestVote() async throws -> UInt64 {
        do {
            return try await pool.read { [network] database in
                let highest = try Int64.fetchOne(
                    database, sql: "SELECT max(sequence) FROM vote WHERE network = ?", arguments: [network])
                return UInt64(max(0, highest ?? 0))
            }
        } catch {
            throw SigningRecord.unusable(path, error)
        }
    }

    /// The last entry that this node signed for a shared log; nil if there was none.
    ///
    /// - Throws: ``LedgerLogError`` `.logUnusable`, also if what is there is no entry.
    func entry() async throws -> Entry? {
        do {
            let bytes = try await pool.read { [network] database in
                try Data.fetchOne(database, sql: "SELECT bytes FROM entry WHERE network = ?", arguments: [network])
            }
            return try bytes.map { try Entry(decoding: $0) }
        } catch {
            throw SigningRecord.unusable(path, error)
        }
    }

    /// Keeps an entry that is about to be signed away, in place of the one before.
    ///
    /// When this returns, it survives a killed process. A power cut may take it: then only an engine that kept an entry
    /// which it said was not appended could hold it against this node, and an fsync for each entry costs too much for
    /// that.
    func keep(_ entry: Entry) async throws {
        try await write(durability: "NORMAL") { [network] database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO entry (network, bytes) VALUES (?, ?)", arguments: [network, entry.bytes])
        }
    }

    /// Lets go of the file, which then has everything by itself, unless the disk is full.
    public func close() throws {
        _ = try? pool.writeWithoutTransaction { try $0.checkpoint(.full) }
        try pool.close()
    }

    private func write<Result: Sendable>(
        durability: String, _ body: @Sendable (Database) throws -> Result
    ) async throws -> Result {
        do {
            return try await pool.writeWithoutTransaction { database in
                // Outside a transaction, as SQLite wants it.
                try database.execute(sql: "PRAGMA synchronous = \(durability)")
                var result: Result?
                try database.inTransaction {
                    result = try body(database)
                    return .commit
                }
                guard let result else { throw DatabaseError(message: "the transaction gave nothing") }
                return result
            }
        } catch {
            throw SigningRecord.unusable(path, error)
        }
    }

    private static func unusable(_ path: String, _ error: any Error) -> LedgerLogError {
        LedgerLogError(
            .logUnusable,
            "Cannot use \(path), which says what this node signed: \(error). Look at the disk and restore the file; "
                + "without it this node may contradict itself and lose its stake")
    }
}
