import Blake3
import Foundation
import GRDB
import Identity
import Ledger

/// The log's rows within one transaction of the database.
///
/// Anybody may have touched the file, so nothing that comes out of it is taken for well-formed.
struct LogRows {
    private let database: Database

    init(_ database: Database) { self.database = database }

    /// What the base covers may lie about for a while and counts as gone.
    func head(_ genesisHash: Digest) throws -> LogHead {
        let base = try self.base()
        let row = try first("SELECT sequence, hash FROM entry ORDER BY sequence DESC LIMIT 1")
        if let row {
            let head = LogHead(sequence: try row.unsigned("sequence"), hash: try row.digest("hash"))
            if head.sequence > base?.sequence ?? 0 { return head }
        }
        return base.map { LogHead(sequence: $0.sequence, hash: $0.hash) } ?? LogHead(sequence: 0, hash: genesisHash)
    }

    func insert(_ record: LogRecord) throws {
        let sequence = try signed(record.entry.sequence)
        try execute(
            "INSERT INTO entry (sequence, hash, bytes) VALUES (?, ?, ?)",
            [sequence, Data(record.entry.hash.bytes), record.entry.bytes])
        for (position, recorded) in record.outcomes.enumerated() {
            var release: String?
            var refusal: LedgerError?
            switch recorded.outcome {
            case .applied(let made): release = made?.description
            case .refused(let error): refusal = error
            }
            try execute(
                "INSERT INTO outcome (sequence, position, id, release, code, message) VALUES (?, ?, ?, ?, ?, ?)",
                [
                    sequence, position, Data(recorded.id.digest.bytes), release, refusal?.code.description,
                    refusal?.message.prefix(utf8: SQLiteLedgerLog.maxMessageBytes),
                ])
        }
        if let handover = record.handover { try keep(handover) }
    }

    func keep(_ handover: Handover) throws {
        try execute(
            "INSERT OR REPLACE INTO handover (epoch, bytes) VALUES (?, ?)",
            [try signed(handover.certificate.checkpoint.epoch), handover.bytes])
    }

    func handovers(after epoch: UInt64, limit: Int) throws -> [Handover] {
        let rows = try Row.fetchCursor(
            try database.cachedStatement(sql: "SELECT bytes FROM handover WHERE epoch > ? ORDER BY epoch LIMIT ?"),
            arguments: [Int64(clamping: epoch), Int64(limit)])
        var handovers: [Handover] = []
        while let row = try rows.next() { handovers.append(try Handover(decoding: try row.value("bytes"))) }
        return handovers
    }

    func hash(of sequence: UInt64) throws -> Digest? {
        try first("SELECT hash FROM entry WHERE sequence = ?", [try signed(sequence)])?.digest("hash")
    }

    func entries(from first: Int64, limit: Int, byteLimit: Int) throws -> [Data] {
        if let base = try base(), first <= Int64(clamping: base.sequence) {
            throw LedgerLogError(
                .truncated,
                "Entry \(first) is gone; the snapshot \(base.snapshot) stands for all up to \(base.sequence)")
        }
        let rows = try Row.fetchCursor(
            try database.cachedStatement(
                sql: "SELECT sequence, bytes FROM entry WHERE sequence >= ? ORDER BY sequence LIMIT ?"),
            arguments: [first, Int64(limit)])
        var entries: [Data] = []
        var byteCount = 0
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

    func base() throws -> LogBase? {
        guard let row = try first("SELECT * FROM base") else { return nil }
        return LogBase(
            sequence: try row.unsigned("sequence"), hash: try row.digest("hash"),
            stateRoot: try row.digest("state_root"), snapshot: BlobID(try row.digest("snapshot")),
            snapshotByteCount: try row.unsigned("snapshot_bytes"), certificate: try row.value("certificate"))
    }

    func set(_ base: LogBase) throws {
        try execute(
            """
            INSERT OR REPLACE INTO base
                (one, sequence, hash, state_root, snapshot, snapshot_bytes, certificate) VALUES (1, ?, ?, ?, ?, ?, ?)
            """,
            [
                try signed(base.sequence), Data(base.hash.bytes), Data(base.stateRoot.bytes),
                Data(base.snapshot.digest.bytes), try signed(base.snapshotByteCount), base.certificate,
            ])
    }

    /// Whether anything was left to forget.
    func forget(atMost count: Int) throws -> Bool {
        guard let base = try base(), let row = try first("SELECT min(sequence) AS sequence FROM entry"),
            let oldest = Int64.fromDatabaseValue(row["sequence"])
        else { return false }
        let newest = min(oldest.addingReportingOverflow(Int64(count - 1)).partialValue, Int64(clamping: base.sequence))
        guard oldest <= newest else { return false }
        try execute("DELETE FROM outcome WHERE sequence <= ?", [newest])
        try execute("DELETE FROM entry WHERE sequence <= ?", [newest])
        return true
    }

    /// An applied one before refused ones: the same transaction may be refused first and applied later.
    func outcome(of id: TransactionID) throws -> RecordedOutcome? {
        let row = try first(
            """
            SELECT sequence, release, code, message FROM outcome
                WHERE id = ? AND sequence > coalesce((SELECT sequence FROM base), 0)
                ORDER BY code IS NOT NULL, sequence LIMIT 1
            """,
            [Data(id.digest.bytes)])
        guard let row = try row ?? refusal(of: id) else { return nil }
        let outcome: Outcome
        if let code = String.fromDatabaseValue(row["code"]) {
            outcome = .refused(LedgerError(.init(code), String.fromDatabaseValue(row["message"]) ?? ""))
        } else {
            outcome = .applied(release: String.fromDatabaseValue(row["release"]).flatMap { ReleaseID($0) })
        }
        return RecordedOutcome(id: id, sequence: try row.unsigned("sequence"), outcome: outcome)
    }

    private func refusal(of id: TransactionID) throws -> Row? {
        try first("SELECT sequence, NULL AS release, code, message FROM refusal WHERE id = ?", [Data(id.digest.bytes)])
    }

    /// Numbers only grow, so those of the newest lie within the limit below the highest.
    func keep(_ refusals: [RecordedOutcome]) throws {
        for recorded in refusals {
            guard case .refused(let error) = recorded.outcome else { continue }
            try execute(
                "INSERT OR REPLACE INTO refusal (id, sequence, code, message) VALUES (?, ?, ?, ?)",
                [
                    Data(recorded.id.digest.bytes), try signed(recorded.sequence), error.code.description,
                    error.message.prefix(utf8: SQLiteLedgerLog.maxMessageBytes),
                ])
        }
        try execute(
            "DELETE FROM refusal WHERE number <= (SELECT max(number) FROM refusal) - ?", [SQLiteLedgerLog.maxRefusals])
    }

    func evidence() throws -> ForkEvidence? {
        guard let row = try first("SELECT * FROM evidence") else { return nil }
        return ForkEvidence(
            ourHeader: try row.value("our_header"), ourSignature: try row.value("our_signature"),
            theirHeader: try row.value("their_header"), theirSignature: try row.value("their_signature"))
    }

    func keep(_ evidence: ForkEvidence) throws {
        try execute(
            """
            INSERT OR IGNORE INTO evidence
                (one, our_header, our_signature, their_header, their_signature) VALUES (1, ?, ?, ?, ?)
            """,
            [evidence.ourHeader, evidence.ourSignature, evidence.theirHeader, evidence.theirSignature])
    }

    private func first(_ sql: String, _ arguments: StatementArguments = []) throws -> Row? {
        try Row.fetchOne(try database.cachedStatement(sql: sql), arguments: arguments)
    }

    private func execute(_ sql: String, _ arguments: StatementArguments) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    private func signed(_ number: UInt64) throws -> Int64 {
        guard let number = Int64(exactly: number) else {
            throw LedgerLogError(.logUnusable, "The number \(number) is too large for the ledger's log")
        }
        return number
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

    fileprivate func unsigned(_ column: String) throws -> UInt64 {
        guard let number = UInt64(exactly: try value(column) as Int64) else {
            throw LedgerLogError(.logUnusable, "The ledger's log holds a negative \(column); restore the file")
        }
        return number
    }

    fileprivate func digest(_ column: String) throws -> Digest {
        guard let digest = Digest(try value(column) as Data) else {
            throw LedgerLogError(.logUnusable, "The ledger's log holds a damaged \(column); restore the file")
        }
        return digest
    }
}

extension String {
    /// As many whole characters as fit into `byteCount` bytes of UTF-8.
    fileprivate func prefix(utf8 byteCount: Int) -> String {
        guard utf8.count > byteCount else { return self }
        var kept = String(decoding: utf8.prefix(byteCount), as: UTF8.self)
        while kept.utf8.count > byteCount || !utf8.starts(with: kept.utf8) { kept.removeLast() }
        return kept
    }
}
