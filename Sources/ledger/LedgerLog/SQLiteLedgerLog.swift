import Blake3
import Dispatch
public import Foundation
import GRDB
public import Ledger

/// A log in one SQLite file: write-ahead log, one writer, and an index of what became of each transaction.
public final class SQLiteLedgerLog: LocalLedgerLog {
    /// What an append that returned survives.
    public enum Durability: Sendable {
        /// A power cut: an fsync with each append. For a log that is the only one.
        case full
        /// A killed process; a power cut may take the newest entries, never the middle. For a copy of a shared log.
        case relaxed
    }

    /// The longest message of a refusal that the index keeps, in bytes of UTF-8; the rest is cut off.
    public static let maxMessageBytes = 256
    /// Refusals that the index keeps, the newest: some 40 MB.
    public static let maxRefusals = 100_000
    /// Entries that are forgotten in one transaction: about a millisecond, so that appends get their turn.
    static let forgottenAtOnce = 256
    /// How long a write waits for another process, for example a backup, to let go of the file.
    private static let busyTimeout: TimeInterval = 10
    private static let readers = 4

    /// The file's path.
    public let path: String
    private let genesisHash: Digest
    private let pool: DatabasePool
    private let hints = Broadcast<Void>()

    /// Opens the log at `path`, or makes an empty one for `genesis`. The folder must exist.
    ///
    /// - Throws: ``LedgerLogError`` `.wrongNetwork` if the file is another network's, `.logUnusable` if it is no log,
    ///   one of another version, or cannot be opened.
    public init(path: String, genesis: Genesis, durability: Durability = .full) throws {
        self.path = path
        genesisHash = genesis.networkID.digest
        do {
            pool = try SQLiteLedgerLog.open(path, readOnly: false)
            try pool.writeWithoutTransaction { try SQLiteSchema.setDurability($0, durability, path) }
            try pool.write { try SQLiteSchema.prepare($0, genesis, path) }
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
            guard let bytes = try pool.read({ try SQLiteSchema.storedGenesis($0) }) else { return nil }
            return try Genesis(decoding: bytes)
        } catch {
            throw LedgerLogError(
                .logUnusable, "Cannot read the genesis in \(path): \(error). Restore the file or move it away")
        }
    }

    public func head() async throws -> LogHead {
        try await pool.read { try LogRows($0).head(self.genesisHash) }
    }

    public func append(_ records: [LogRecord]) async throws {
        try await pool.write { database in
            let rows = LogRows(database)
            var head = try rows.head(self.genesisHash)
            for record in records {
                let entry = record.entry
                guard head.sequence < .max, entry.sequence == head.sequence + 1, entry.previousHash == head.hash else {
                    throw LedgerLogError(
                        .conflict,
                        "Entry \(entry.sequence) does not follow the log's head \(head.sequence); is another "
                            + "process using this log?")
                }
                try rows.insert(record)
                head = LogHead(sequence: entry.sequence, hash: entry.hash)
            }
        }
        hints.send(())
    }

    public func entries(from sequence: UInt64, limit: Int, byteLimit: Int) async throws -> [Data] {
        guard let first = Int64(exactly: sequence), limit > 0 else { return [] }
        return try await pool.read { try LogRows($0).entries(from: first, limit: limit, byteLimit: byteLimit) }
    }

    public func base() async throws -> LogBase? { try await pool.read { try LogRows($0).base() } }

    public func truncate(to base: LogBase) async throws {
        try await pool.write { database in
            let rows = LogRows(database)
            if let present = try rows.base(), base.sequence <= present.sequence { return }
            guard base.sequence > 0, try rows.hash(of: base.sequence) == base.hash else {
                throw LedgerLogError(
                    .conflict, "The log has no entry \(base.sequence) of hash \(base.hash); it is not truncated there")
            }
            try rows.set(base)
        }
        try await forgetWhatIsCovered()
    }

    public func restart(at base: LogBase) async throws {
        try await pool.write { database in
            let rows = LogRows(database)
            let head = try rows.head(self.genesisHash)
            guard base.sequence >= head.sequence else {
                throw LedgerLogError(
                    .conflict, "The log reaches to \(head.sequence) and does not go back to \(base.sequence)")
            }
            try rows.set(base)
        }
        try await forgetWhatIsCovered()
        hints.send(())
    }

    private func forgetWhatIsCovered() async throws {
        while try await pool.write({ try LogRows($0).forget(atMost: SQLiteLedgerLog.forgottenAtOnce) }) {}
    }

    public func outcome(of id: TransactionID) async throws -> RecordedOutcome? {
        try await pool.read { try LogRows($0).outcome(of: id) }
    }

    public func handovers(after epoch: UInt64, limit: Int) async throws -> [Handover] {
        try await pool.read { try LogRows($0).handovers(after: epoch, limit: limit) }
    }

    public func keep(_ handovers: [Handover]) async throws {
        try await pool.write { database in
            for handover in handovers { try LogRows(database).keep(handover) }
        }
    }

    public func keep(_ refusals: [RecordedOutcome]) async throws {
        try await pool.write { try LogRows($0).keep(refusals) }
    }

    public func evidence() async throws -> ForkEvidence? { try await pool.read { try LogRows($0).evidence() } }

    public func keep(_ evidence: ForkEvidence) async throws {
        try await pool.write { try LogRows($0).keep(evidence) }
    }

    public func wakeUps() -> AsyncStream<Void> { hints.stream() }

    public func close() async throws {
        hints.close()
        // It waits for readers, which need a thread of the caller's kind to end, and on one core there is one.
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "ledger.close").async { [pool] in
                continuation.resume(with: Result { try pool.close() })
            }
        }
    }

    private static func open(_ path: String, readOnly: Bool) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.label = "ledger"
        configuration.readonly = readOnly
        configuration.busyMode = .timeout(busyTimeout)
        configuration.maximumReaderCount = readers
        return try DatabasePool(path: path, configuration: configuration)
    }
}
