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
            let applied =
                entry.sequence == 2
                ? [AppliedTransaction(id: id, sequence: 2, release: ReleaseID("0123456789"))] : []
            try await log.append(LogRecord(entry: entry, applied: applied))
        }
        let bytes = entries.map(\.bytes)
        #expect(try await log.head() == LogHead(sequence: 3, hash: entries[2].hash))
        #expect(try await log.entries(from: 1, limit: 9, byteLimit: 1 << 20) == bytes)
        #expect(try await log.entries(from: 2, limit: 1, byteLimit: 1 << 20) == [bytes[1]])
        #expect(try await log.entries(from: 1, limit: 9, byteLimit: 1) == [bytes[0]])
        #expect(try await log.entries(from: 1, limit: 9, byteLimit: bytes[0].count + bytes[1].count).count == 2)
        #expect(try await log.entries(from: .max, limit: 9, byteLimit: 9).isEmpty)
        #expect(try await log.entries(from: 1, limit: -1, byteLimit: -1).isEmpty)
        #expect(try await log.applied(id)?.release == ReleaseID("0123456789"))
        #expect(try await log.applied(id)?.sequence == 2)
        #expect(try await log.applied(TransactionID(entries[0].hash)) == nil)
        try await log.close()
        let again = try folder.log(network)
        #expect(try await again.entries(from: 1, limit: 9, byteLimit: 1 << 20) == bytes)
    }

    @Test func refusesWhatDoesNotFollowTheHead() async throws {
        let network = try Network()
        let folder = try TemporaryFolder()
        let log = try folder.log(network)
        let entries = try network.entries(["a", "b"])
        #expect(await code { try await log.append(LogRecord(entry: entries[1], applied: [])) } == .conflict)
        try await log.append(LogRecord(entry: entries[0], applied: []))
        #expect(await code { try await log.append(LogRecord(entry: entries[0], applied: [])) } == .conflict)
        let second = try folder.log(network)
        try await second.append(LogRecord(entry: entries[1], applied: []))
        #expect(await code { try await log.append(LogRecord(entry: entries[1], applied: [])) } == .conflict)
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
}
