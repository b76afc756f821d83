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

    @Test func eachIsRefusedWithItsOwnCodeAndRecordedAndHaltsNothing() async throws {
        let network = try Network()
        let keeper = try await network.leader(TemporaryFolder().log(network))
        _ = try await keeper.submit(network.claim("a", nonce: 1))
        let root = keeper.state.root
        let (a, b) = (try Network.name("a"), try Network.name("b"))
        let (alice, bob) = (network.alice.publicKey.account, network.bob.publicKey.account)
        func sign(
            _ action: LedgerAction, by key: SigningKey? = nil, as role: TransactionBuilder.Role = .account,
            nonce: UInt64 = 2
        ) throws -> SignedTransaction {
            try TransactionBuilder(networkID: network.genesis.networkID, key: key ?? network.alice, as: role)
                .sign(action, nonce: nonce)
        }
        let large = NewRelease(
            kind: .site, manifest: BlobID(root), manifestByteCount: 1, settings: Data(repeating: 1, count: 70_000))
        let cases: [(SignedTransaction, LedgerError.Code)] = try [
            (SignedTransaction(decoding: Network(replicas: 9).claim("b", nonce: 2)), .wrongNetwork),
            (SignedTransaction(decoding: network.claim("b", nonce: 2, validUntil: Network.genesisTime)), .expired),
            (sign(.claimName(b), nonce: 1), .badNonce), (sign(.claimName(b), nonce: 3), .badNonce),
            (sign(.claimName(b), nonce: .max), .badNonce),
            (sign(.optIn(network.alice.publicKey.node), as: .node, nonce: 1), .unknownSigner),
            (sign(.claimName(b), by: network.sequencer, as: .node, nonce: 1), .notAuthorised),
            (sign(.transferName(a, to: bob), by: network.bob, nonce: 1), .notAuthorised),
            (sign(.changeParameter(.value(name: "replicas", 3))), .notAuthorised),
            (sign(.claimName(a), by: network.bob, nonce: 1), .nameTaken),
            (sign(.transfer(to: bob, amount: .max)), .insufficientBalance),
            (sign(.transfer(to: bob, amount: 0)), .badAmount),
            (sign(.transfer(to: alice, amount: 1)), .selfTransfer),
            (sign(.mint(to: alice, amount: 1)), .unsupported), (sign(.publishRelease(a, large)), .tooLarge),
        ]
        for (transaction, code) in cases {
            #expect(try await keeper.submit(transaction.bytes).outcome.refusal?.code == code)
            #expect(try await keeper.outcome(of: transaction.id)?.outcome.refusal?.code == code)
        }
        // What is no transaction has no id to be recorded under.
        let good = try network.claim("b", nonce: 2)
        for round in 0..<200 {
            var flipped = good
            flipped[flipped.startIndex + round * 7 % flipped.count] ^= 1 << UInt8(round % 8)
            let noise = Data(Blake3.hash(Array("\(round)".utf8)).bytes.prefix(round % 33))
            for bytes in [flipped, noise] { #expect(try await keeper.submit(bytes).outcome.refusal != nil) }
        }
        #expect(keeper.failure == nil && keeper.state.sequence == 1 && keeper.state.root == root)
        #expect(try await keeper.submit(good).outcome.isApplied)
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
