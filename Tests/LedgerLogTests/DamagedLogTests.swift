import Foundation
import GRDB
import Identity
import Ledger
import LedgerLog
import Testing

/// Logs that somebody changed or that a crash cut short.
@Suite struct DamagedLogTests {
    private func tampered(_ sql: String, _ arguments: StatementArguments = []) async throws -> LedgerKeeper {
        let network = try Network()
        let folder = try TemporaryFolder()
        let keeper = try await network.follow(folder.log(network))
        try await keeper.ingest(network.entries(["a", "b", "c", "d"]))
        try await keeper.close()
        let database = try DatabaseQueue(path: folder.file())
        try await database.write { try $0.execute(sql: sql, arguments: arguments) }
        try database.close()
        return try await network.follow(folder.log(network))
    }

    private func expectDivergence(_ keeper: LedgerKeeper, after sequence: UInt64) async throws {
        #expect(keeper.failure?.code == .diverged)
        #expect(keeper.failure?.message.contains("entry \(sequence + 1)") == true)
        #expect(keeper.state.sequence == sequence)
        #expect(keeper.state.names.count == Int(sequence))
        #expect(await code { try await keeper.ingest(Network().entries(["a"])) } == .diverged)
    }

    @Test func aFlippedBit() async throws {
        let flipped = "CAST(substr(bytes, 1, 60) || x'ff' || substr(bytes, 62) AS BLOB)"
        try await expectDivergence(tampered("UPDATE entry SET bytes = \(flipped) WHERE sequence = 3"), after: 2)
    }

    @Test func aMissingEntry() async throws {
        try await expectDivergence(tampered("DELETE FROM entry WHERE sequence = 2"), after: 1)
    }

    @Test func aSwappedEntry() async throws {
        let sql = "UPDATE entry SET bytes = (SELECT bytes FROM entry WHERE sequence = 1) WHERE sequence = 2"
        try await expectDivergence(tampered(sql), after: 1)
    }

    @Test func anEntryOfAnotherHistory() async throws {
        let other = try Network().entries(["x", "y"], time: 7)[1]
        let keeper = try await tampered("UPDATE entry SET bytes = ? WHERE sequence = 2", [other.bytes])
        try await expectDivergence(keeper, after: 1)
    }

    @Test func aWrongHead() async throws {
        try await expectDivergence(tampered("UPDATE entry SET hash = zeroblob(32) WHERE sequence = 4"), after: 4)
    }

    @Test func aColumnOfAnotherShapeTrapsNothing() async throws {
        do {
            let keeper = try await tampered("UPDATE entry SET hash = x'00' WHERE sequence = 4")
            #expect(keeper.failure != nil)
        } catch let error as LedgerLogError {
            #expect(error.code == .logUnusable)
        }
    }

    /// What a power cut leaves is a prefix of the write-ahead log; whatever the length, a prefix of the history opens.
    @Test func aTornWriteAheadLogOpensWithAPrefix() async throws {
        let network = try Network()
        let folder = try TemporaryFolder()
        let keeper = try await network.leader(folder.log(network))
        var roots = [keeper.state.root]
        for step in 1...10 {
            _ = try await keeper.submit(network.claim("n\(step)", nonce: UInt64(step)))
            roots.append(keeper.state.root)
        }
        let main = try Data(contentsOf: URL(fileURLWithPath: folder.file()))
        let wal = try Data(contentsOf: URL(fileURLWithPath: folder.file() + "-wal"))
        var reached: Set<UInt64> = []
        for cut in stride(from: wal.count, to: wal.count / 4, by: -max(1, wal.count / 17)) {
            let copy = try TemporaryFolder()
            try main.write(to: URL(fileURLWithPath: copy.file()))
            var torn = Data(wal.prefix(cut))
            // The last sector may hold anything.
            if cut < wal.count { torn += Data(repeating: 0xa5, count: 300) }
            try torn.write(to: URL(fileURLWithPath: copy.file() + "-wal"))
            let again = try await network.leader(copy.log(network))
            #expect(again.failure == nil)
            let sequence = again.state.sequence
            #expect(again.state.root == roots[Int(sequence)])
            reached.insert(sequence)
            let next = try await again.submit(network.claim("next", nonce: sequence + 1))
            #expect(next.sequence == sequence + 1)
            try await again.close()
        }
        #expect(reached.contains(10))
        #expect(reached.count > 3)
    }

    /// Copies of the files while transactions come in are what a killed process leaves.
    @Test func everyAcknowledgedTransactionIsInACopyTakenAfterIt() async throws {
        let network = try Network()
        let folder = try TemporaryFolder()
        let keeper = try await network.leader(folder.log(network))
        for step in 1...6 {
            let result = try await keeper.submit(network.claim("n\(step)", nonce: UInt64(step)))
            let copy = try TemporaryFolder()
            for suffix in ["", "-wal"] {
                try FileManager.default.copyItem(atPath: folder.file() + suffix, toPath: copy.file() + suffix)
            }
            let again = try await network.leader(copy.log(network))
            #expect(again.failure == nil)
            #expect(again.state.sequence == result.sequence)
            #expect(again.state.root == keeper.state.root)
            try await again.close()
        }
    }
}
