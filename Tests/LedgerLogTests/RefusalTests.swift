import Blake3
import Foundation
import GRDB
import Identity
import Ledger
import LedgerLog
import Testing

/// Refusals get into no entry, and are still told to whoever asks for the transaction.
@Suite struct RefusalTests {
    private func id(_ bytes: Data) throws -> TransactionID { try SignedTransaction(decoding: bytes).id }

    private func refusal(_ number: Int) -> RecordedOutcome {
        RecordedOutcome(
            id: TransactionID(Blake3.hash(Array("\(number)".utf8))), sequence: UInt64(number),
            outcome: .refused(LedgerError(.badNonce, "number \(number)")))
    }

    @Test func aRefusedTransactionIsFoundAlsoAfterARestart() async throws {
        let network = try Network()
        let folder = try TemporaryFolder()
        let keeper = try await network.leader(folder.log(network))
        _ = try await keeper.submit(network.claim("a", nonce: 1))
        let taken = try network.claim("a", nonce: 1, by: network.bob)
        let error = try #require(try await keeper.submit(taken).outcome.refusal)
        let expected = RecordedOutcome(id: try id(taken), sequence: 1, outcome: .refused(error))
        #expect(try await keeper.outcome(of: id(taken)) == expected)
        try await keeper.close()
        let again = try await network.leader(folder.log(network))
        #expect(try await again.outcome(of: id(taken)) == expected)
        #expect(try await again.outcome(of: id(network.claim("b", nonce: 2))) == nil)
    }

    @Test func whatIsAppliedLaterCounts() async throws {
        let network = try Network()
        let keeper = try await network.leader(TemporaryFolder().log(network))
        let early = try network.claim("b", nonce: 2)
        #expect(try await keeper.submit(early).outcome.refusal?.code == .badNonce)
        #expect(try await keeper.outcome(of: id(early))?.outcome.refusal?.code == .badNonce)
        _ = try await keeper.submit(network.claim("a", nonce: 1))
        #expect(try await keeper.submit(early).outcome.isApplied)
        let expected = RecordedOutcome(id: try id(early), sequence: 2, outcome: .applied(release: nil))
        #expect(try await keeper.outcome(of: id(early)) == expected)
    }

    @Test func theNodeThatHandedItOnKnowsToo() async throws {
        let network = try Network()
        let keeper = try await network.follow(TemporaryFolder().log(network))
        let bytes = try network.claim("a", nonce: 1)
        await keeper.note(refusalOf: try id(bytes), LedgerError(.nameTaken, "not here"))
        #expect(try await keeper.outcome(of: id(bytes))?.outcome.refusal == LedgerError(.nameTaken, "not here"))
    }

    @Test func theNewestAreKept() async throws {
        let network = try Network()
        let log = try TemporaryFolder().log(network)
        let limit = SQLiteLedgerLog.maxRefusals
        try await log.keep((1...limit).map(refusal))
        #expect(try await log.outcome(of: refusal(1).id) == refusal(1))
        // Refused again, it is among the newest.
        try await log.keep([refusal(1), refusal(limit + 1)])
        #expect(try await log.outcome(of: refusal(1).id) == refusal(1))
        #expect(try await log.outcome(of: refusal(2).id) == nil)
        #expect(try await log.outcome(of: refusal(3).id) == refusal(3))
        #expect(try await log.outcome(of: refusal(limit + 1).id) == refusal(limit + 1))
    }

    @Test func messagesAreCutOff() async throws {
        let network = try Network()
        let log = try TemporaryFolder().log(network)
        let limit = SQLiteLedgerLog.maxMessageBytes
        for length in [limit, limit + 1] {
            let refused = RecordedOutcome(
                id: refusal(length).id, sequence: 1,
                outcome: .refused(LedgerError(.badNonce, String(repeating: "x", count: length))))
            try await log.keep([refused])
            #expect(try await log.outcome(of: refused.id)?.outcome.refusal?.message.count == limit)
        }
    }

    @Test func aLogFromBeforeTheIndexGetsIt() async throws {
        let network = try Network()
        let folder = try TemporaryFolder()
        try await folder.log(network).close()
        let database = try DatabaseQueue(path: folder.file())
        try await database.write { try $0.execute(sql: "DROP TABLE refusal") }
        try database.close()
        let log = try folder.log(network)
        try await log.keep([refusal(1)])
        #expect(try await log.outcome(of: refusal(1).id) == refusal(1))
    }
}
