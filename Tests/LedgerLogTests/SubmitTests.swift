import Blake3
import Foundation
import Identity
import Ledger
import LedgerLog
import Testing

@Suite struct SubmitTests {
    @Test func appliedTransactionsSurviveAReopening() async throws {
        let network = try Network()
        let folder = try TemporaryFolder()
        let keeper = try await network.leader(folder.log(network))
        #expect(keeper.isLeading)
        let result = try await keeper.submit(network.claim("a", nonce: 1))
        #expect(result == SubmitResult(sequence: 1, outcome: .applied(release: nil)))
        #expect(keeper.state.name(try Network.name("a"))?.owner == network.alice.publicKey.account)
        let builder = TransactionBuilder(networkID: network.genesis.networkID, key: network.alice)
        let manifest = BlobID(network.genesis.networkID.digest)
        let release = NewRelease(kind: .site, manifest: manifest, manifestByteCount: 1)
        let published = try await keeper.submit(
            builder.sign(.publishRelease(Network.name("a"), release), nonce: 2).bytes)
        let root = keeper.state.root
        try await keeper.close()
        let again = try await network.leader(folder.log(network))
        #expect(again.failure == nil)
        #expect(again.state.root == root)
        #expect(again.state.sequence == 2)
        let repeated = try await again.submit(
            builder.sign(.publishRelease(Network.name("a"), release), nonce: 2).bytes)
        #expect(repeated == published)
        #expect(published.outcome == .applied(release: again.state.releases(of: try Network.name("a")).first?.id))
    }

    @Test func refusedTransactionsAreNotWritten() async throws {
        let network = try Network()
        let keeper = try await network.leader(TemporaryFolder().log(network))
        #expect(try await keeper.submit(network.claim("www", nonce: 1)).outcome.refusal?.code == .reservedName)
        #expect(try await keeper.submit(network.claim("a", nonce: 2)).outcome.refusal?.code == .badNonce)
        #expect(try await keeper.submit(Data([1, 2, 3])).outcome.refusal?.code == .malformed)
        let expired = try network.claim("a", nonce: 1, validUntil: Network.genesisTime)
        #expect(try await keeper.submit(expired).outcome.refusal?.code == .expired)
        let foreign = try Network(replicas: 9).claim("a", nonce: 1)
        #expect(try await keeper.submit(foreign).outcome.refusal?.code == .wrongNetwork)
        #expect(keeper.state.sequence == 0)
        #expect(try await keeper.entries(from: 0, limit: 10).isEmpty)
    }

    @Test func aRetryGetsTheFirstResult() async throws {
        let network = try Network()
        let folder = try TemporaryFolder()
        let bytes = try network.claim("a", nonce: 1, validUntil: Network.genesisTime + 100)
        let keeper = try await network.leader(folder.log(network))
        let first = try await keeper.submit(bytes)
        _ = try await keeper.submit(network.claim("b", nonce: 2))
        #expect(try await keeper.submit(bytes) == first)
        try await keeper.close()
        // Long after it expired, and after a restart.
        let later = try await network.leader(folder.log(network), time: Network.genesisTime + 30_000)
        #expect(try await later.submit(bytes) == first)
        #expect(try await later.submit(network.claim("c", nonce: 1)).outcome.refusal?.code == .badNonce)
        #expect(later.state.sequence == 2)
    }

    @Test func concurrentSubmissionsShareEntries() async throws {
        let network = try Network()
        let folder = try TemporaryFolder()
        let keeper = try await network.leader(FaultyLog(folder.log(network), delay: .milliseconds(20)))
        let count = 120
        try await withThrowingTaskGroup(of: SubmitResult.self) { group in
            for number in 0..<count {
                let bytes = try network.claim("n\(number)", nonce: 1, by: Network.key(1_000 + UInt16(number)))
                group.addTask { try await keeper.submit(bytes) }
                // The same bytes at the same time.
                if number % 10 == 0 { group.addTask { try await keeper.submit(bytes) } }
            }
            for try await result in group { #expect(result.outcome.isApplied) }
        }
        #expect(keeper.state.names.count == count)
        #expect(keeper.state.sequence < 60)
        try await keeper.close()
        let again = try await network.leader(folder.log(network))
        #expect(again.state.root == keeper.state.root)
    }

    @Test func oneOfManyClaimsOfANameWins() async throws {
        let network = try Network()
        let keeper = try await network.leader(TemporaryFolder().log(network))
        let wins = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<20 {
                let bytes = try network.claim("prize", nonce: 1, by: Network.key(1_000 + UInt16(number)))
                group.addTask { try await keeper.submit(bytes).outcome.isApplied }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(wins == 1)
    }

    @Test func onlyTheSequencerTakesTransactions() async throws {
        let network = try Network()
        let keeper = try await network.follow(TemporaryFolder().log(network))
        #expect(await code { _ = try await keeper.submit(network.claim("a", nonce: 1)) } == .notSequencer)
    }

    @Test func theQueueIsBounded() async throws {
        let network = try Network()
        var settings = LedgerKeeper.Settings()
        settings.maxQueuedTransactions = 3
        let log = FaultyLog(try TemporaryFolder().log(network), delay: .milliseconds(200))
        let keeper = try await network.leader(log, settings: settings)
        let codes = try await withThrowingTaskGroup(of: LedgerLogError.Code?.self) { group in
            for number in 0..<8 {
                let bytes = try network.claim("n\(number)", nonce: 1, by: Network.key(1_000 + UInt16(number)))
                group.addTask { await code { _ = try await keeper.submit(bytes) } }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.filter { $0 == nil }.count >= 3)
        #expect(codes.contains(.overloaded))
    }

    @Test func aClosedKeeperRefuses() async throws {
        let network = try Network()
        let keeper = try await network.leader(TemporaryFolder().log(network))
        try await keeper.close()
        try await keeper.close()
        #expect(await code { _ = try await keeper.submit(network.claim("a", nonce: 1)) } == .closed)
        #expect(await code { try await keeper.ingest(network.entries(["a"])) } == .closed)
    }

    @Test func aFailedWriteCanBeTriedAgain() async throws {
        let network = try Network()
        let log = FaultyLog(try TemporaryFolder().log(network))
        let keeper = try await network.leader(log)
        let bytes = try network.claim("a", nonce: 1)
        log.fail(.beforeWrite)
        #expect(await code { _ = try await keeper.submit(bytes) } == .appendFailed)
        #expect(keeper.state.sequence == 0)
        #expect(keeper.failure == nil)
        log.fail(.none)
        #expect(try await keeper.submit(bytes).sequence == 1)
    }

    @Test func aWriteWhoseAnswerWasLostCounts() async throws {
        let network = try Network()
        let log = FaultyLog(try TemporaryFolder().log(network))
        let keeper = try await network.leader(log)
        log.fail(.afterWrite)
        #expect(try await keeper.submit(network.claim("a", nonce: 1)).sequence == 1)
        #expect(keeper.state.sequence == 1)
    }

    @Test func anUnreadableLogHalts() async throws {
        let network = try Network()
        let log = FaultyLog(try TemporaryFolder().log(network))
        let keeper = try await network.leader(log)
        log.fail(.beforeWriteAndAtHead)
        #expect(await code { _ = try await keeper.submit(network.claim("a", nonce: 1)) } == .logUnusable)
        log.fail(.none)
        #expect(await code { _ = try await keeper.submit(network.claim("a", nonce: 1)) } == .logUnusable)
        #expect(keeper.failure?.code == .logUnusable)
    }

    @Test func aSecondWriterHalts() async throws {
        let network = try Network()
        let folder = try TemporaryFolder()
        let first = try await network.leader(folder.log(network))
        let second = try await network.leader(folder.log(network))
        _ = try await first.submit(network.claim("a", nonce: 1))
        #expect(await code { _ = try await second.submit(network.claim("b", nonce: 1)) } == .conflict)
        #expect(second.failure?.code == .conflict)
        #expect(first.failure == nil)
    }

    @Test func manyAtOnceGetTheirResultsInOrder() async throws {
        let network = try Network()
        let keeper = try await network.leader(TemporaryFolder().log(network))
        #expect(await keeper.submit([Data]()).isEmpty)
        let first = try network.claim("a", nonce: 1)
        let results = try await keeper.submit([
            first, Data([1, 2, 3]), network.claim("a", nonce: 1, by: network.bob), first, network.claim("b", nonce: 2),
        ]).map { try $0.get() }
        #expect(results.map(\.outcome.isApplied) == [true, false, false, true, true])
        #expect(results.map(\.outcome.refusal?.code) == [nil, .malformed, .nameTaken, nil, nil])
        #expect(results[0].sequence == 1 && results[3] == results[0] && results[4].sequence == 1)
        #expect(try await keeper.submit([first])[0].get() == results[0])
    }

    @Test(arguments: [256, 257]) func anEntryHoldsSoManyAndNotOneMore(_ count: Int) async throws {
        let network = try Network()
        let keeper = try await network.leader(TemporaryFolder().log(network))
        let results = await keeper.submit(try (1...count).map { try network.claim("n\($0)", nonce: UInt64($0)) })
        #expect(try results.map { try $0.get().sequence }.last == (count > Entry.maxTransactions ? 2 : 1))
        #expect(keeper.state.names.count == count)
    }

    @Test func oneCallMayBringSoManyAndNotOneMore() async throws {
        let network = try Network()
        var settings = LedgerKeeper.Settings()
        settings.maxQueuedTransactions = 3
        let keeper = try await network.leader(TemporaryFolder().log(network), settings: settings)
        let bytes = try (1...4).map { try network.claim("n\($0)", nonce: UInt64($0)) }
        for result in await keeper.submit(bytes) { #expect(await code { _ = try result.get() } == .overloaded) }
        for result in await keeper.submit(Array(bytes[..<3])) { #expect(try result.get().outcome.isApplied) }
    }

    /// The next entry is put together on the state that the one being written will leave behind.
    @Test(.timeLimit(.minutes(1))) func theNextEntryIsMadeWhileOneIsWritten() async throws {
        let network = try Network()
        let log = try TemporaryFolder().log(network)
        let keeper = try await network.leader(log)
        log.hold(true)
        async let first = keeper.submit(network.claim("a", nonce: 1))
        try await eventually { log.appends == 1 }
        async let others = keeper.submit([network.claim("b", nonce: 2), network.claim("c", nonce: 3)])
        try await Task.sleep(for: .milliseconds(20))
        #expect(keeper.state.sequence == 0)
        log.hold(false)
        #expect(try await first.sequence == 1)
        #expect(try await others.map { try $0.get().sequence } == [2, 2])
        #expect(log.appends == 2)
    }

    @Test(.timeLimit(.minutes(1))) func whatRestedOnAFailedEntryIsJudgedAgain() async throws {
        let network = try Network()
        let log = try TemporaryFolder().log(network)
        let keeper = try await network.leader(log)
        log.fail(.beforeOneWrite)
        log.hold(true)
        let bytes = try network.claim("a", nonce: 1)
        let first = Task { await code { _ = try await keeper.submit(bytes) } }
        try await eventually { log.appends == 1 }
        async let others = keeper.submit([
            network.claim("b", nonce: 2), network.claim("a", nonce: 1, by: network.bob),
        ])
        try await Task.sleep(for: .milliseconds(20))
        log.hold(false)
        #expect(await first.value == .appendFailed)
        let results = try await others.map { try $0.get() }
        #expect(results[0].outcome.refusal?.code == .badNonce)
        // The name is bob's now that the claim before his was lost.
        #expect(results[1] == SubmitResult(sequence: 1, outcome: .applied(release: nil)))
        #expect(try await keeper.submit(bytes).outcome.refusal?.code == .nameTaken)
        #expect(keeper.failure == nil)
    }
}
