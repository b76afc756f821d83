import Blake3
import Foundation
import GRDB
import Identity
import Ledger
import LedgerLog
import Testing

@Suite struct SQLiteLedgerLogTests {
    @Test func keepsEntriesInOrder() async throws {
        let network = try Network()
        let folder = try TemporaryFolder()
        let log = try folder.log(network)
        #expect(try await log.head() == LogHead(sequence: 0, hash: network.genesis.networkID.digest))
        #expect(try await log.entries(from: 1, limit: 9, byteLimit: 9).isEmpty)
        let entries = try network.entries(["a", "b", "c"])
        let id = try SignedTransaction(decoding: entries[1].transactions[0]).id
        for entry in entries {
            let outcome = Outcome.applied(release: ReleaseID("0123456789"))
            let outcomes = entry.sequence == 2 ? [RecordedOutcome(id: id, sequence: 2, outcome: outcome)] : []
            try await log.append(LogRecord(entry: entry, outcomes: outcomes))
        }
        let bytes = entries.map(\.bytes)
        #expect(try await log.head() == LogHead(sequence: 3, hash: entries[2].hash))
        #expect(try await log.entries(from: 1, limit: 9, byteLimit: 1 << 20) == bytes)
        #expect(try await log.entries(from: 2, limit: 1, byteLimit: 1 << 20) == [bytes[1]])
        #expect(try await log.entries(from: 1, limit: 9, byteLimit: 1) == [bytes[0]])
        #expect(try await log.entries(from: 1, limit: 9, byteLimit: bytes[0].count + bytes[1].count).count == 2)
        #expect(try await log.entries(from: .max, limit: 9, byteLimit: 9).isEmpty)
        #expect(try await log.entries(from: 1, limit: -1, byteLimit: -1).isEmpty)
        #expect(try await log.outcome(of: id)?.outcome == .applied(release: ReleaseID("0123456789")))
        #expect(try await log.outcome(of: id)?.sequence == 2)
        #expect(try await log.outcome(of: TransactionID(entries[0].hash)) == nil)
        try await log.close()
        let again = try folder.log(network)
        #expect(try await again.entries(from: 1, limit: 9, byteLimit: 1 << 20) == bytes)
    }

    @Test func refusesWhatDoesNotFollowTheHead() async throws {
        let network = try Network()
        let folder = try TemporaryFolder()
        let log = try folder.log(network)
        let entries = try network.entries(["a", "b"])
        #expect(await code { try await log.append(LogRecord(entry: entries[1], outcomes: [])) } == .conflict)
        try await log.append(LogRecord(entry: entries[0], outcomes: []))
        #expect(await code { try await log.append(LogRecord(entry: entries[0], outcomes: [])) } == .conflict)
        let second = try folder.log(network)
        try await second.append(LogRecord(entry: entries[1], outcomes: []))
        #expect(await code { try await log.append(LogRecord(entry: entries[1], outcomes: [])) } == .conflict)
        #expect(try await log.head().sequence == 2)
    }

    @Test func refusesAnotherNetworksFile() async throws {
        let network = try Network()
        let folder = try TemporaryFolder()
        try await folder.log(network).close()
        #expect(await code { _ = try folder.log(Network(replicas: 3)) } == .wrongNetwork)
        #expect(try SQLiteLedgerLog.genesis(atPath: folder.file()) == network.genesis)
        #expect(try SQLiteLedgerLog.genesis(atPath: folder.file("none")) == nil)
    }

    @Test func refusesWhatIsNoLog() async throws {
        let network = try Network()
        let folder = try TemporaryFolder()
        try Data("not a database, but long enough to be looked at as one by SQLite".utf8)
            .write(to: URL(fileURLWithPath: folder.file("text")))
        #expect(await code { _ = try folder.log(network, "text") } == .logUnusable)
        #expect(await code { _ = try SQLiteLedgerLog.genesis(atPath: folder.file("text")) } == .logUnusable)
        let other = try DatabaseQueue(path: folder.file("other"))
        try await other.write { try $0.execute(sql: "CREATE TABLE t (x)") }
        #expect(await code { _ = try folder.log(network, "other") } == .logUnusable)
        #expect(await code { _ = try folder.log(network, "no/such/folder") } == .logUnusable)
    }

    @Test func keepsRefusalsWithABoundedMessage() async throws {
        let network = try Network()
        let log = try TemporaryFolder().log(network)
        let entry = try network.entries(["a"])[0]
        let ids = (UInt8(0)..<5).map { TransactionID(Digest(unsafeUninitialized: { [byte = $0] in $0[0] = byte })) }
        let limit = SQLiteLedgerLog.maxMessageBytes
        let messages = [
            "short", String(repeating: "x", count: limit), String(repeating: "x", count: limit + 1),
            String(repeating: "é", count: limit),
        ]
        let refused = zip(ids, messages).map {
            RecordedOutcome(id: $0, sequence: 1, outcome: .refused(LedgerError(.nameTaken, $1)))
        }
        // Refused first and applied in the same log later: what was applied counts.
        let both = [
            RecordedOutcome(id: ids[4], sequence: 1, outcome: .refused(LedgerError(.badNonce, ""))),
            RecordedOutcome(id: ids[4], sequence: 1, outcome: .applied(release: nil)),
        ]
        try await log.append(LogRecord(entry: entry, outcomes: refused + both))
        let kept = [messages[0], messages[1], messages[1], String(repeating: "é", count: limit / 2)]
        for (id, message) in zip(ids, kept) {
            #expect(try await log.outcome(of: id)?.outcome == .refused(LedgerError(.nameTaken, message)))
        }
        #expect(try await log.outcome(of: ids[4])?.outcome == .applied(release: nil))
    }

    @Test func appendsSeveralOrNone() async throws {
        let network = try Network()
        let log = try TemporaryFolder().log(network)
        let records = try network.entries(["a", "b", "c"]).map { LogRecord(entry: $0, outcomes: []) }
        #expect(await code { try await log.append([records[0], records[2]]) } == .conflict)
        #expect(try await log.head().sequence == 0)
        try await log.append(records)
        try await log.append([LogRecord]())
        #expect(try await log.head().sequence == 3)
    }

    @Test func keepsTheFirstEvidence() async throws {
        let network = try Network()
        let folder = try TemporaryFolder()
        let log = try folder.log(network)
        #expect(try await log.evidence() == nil)
        let (ours, theirs) = (try network.entries(["a", "b"]), try network.entries(["x"]))
        let first = ForkEvidence(ours: ours[0], theirs: theirs[0])
        try await log.keep(first)
        try await log.keep(ForkEvidence(ours: ours[1], theirs: theirs[0]))
        try await log.close()
        #expect(try await folder.log(network).evidence() == first)
    }

    @Test func hintsAtAppends() async throws {
        let network = try Network()
        let log = try TemporaryFolder().log(network)
        var hints = log.wakeUps().makeAsyncIterator()
        for entry in try network.entries(["a", "b"]) { try await log.append(LogRecord(entry: entry, outcomes: [])) }
        #expect(await hints.next() != nil)
        try await log.close()
        #expect(await hints.next() == nil)
    }

    @Test func aRelaxedLogHoldsTheSame() async throws {
        let network = try Network()
        let folder = try TemporaryFolder()
        let log = try SQLiteLedgerLog(path: folder.file(), genesis: network.genesis, durability: .relaxed)
        let entries = try network.entries(["a", "b"])
        try await log.append(entries.map { LogRecord(entry: $0, outcomes: []) })
        try await log.close()
        #expect(try await folder.log(network).entries(from: 1, limit: 9, byteLimit: 1 << 20) == entries.map(\.bytes))
    }

    @Test(arguments: [1, 3]) func refusesAnotherVersion(_ version: Int) async throws {
        let network = try Network()
        let folder = try TemporaryFolder()
        try await folder.log(network).close()
        let database = try DatabaseQueue(path: folder.file())
        try await database.write { try $0.execute(sql: "PRAGMA user_version = \(version)") }
        try database.close()
        do {
            _ = try folder.log(network)
            Issue.record("It was opened")
        } catch let error as LedgerLogError {
            #expect(error.code == .logUnusable)
            #expect(error.message.contains("version \(version)"))
        }
    }
}
