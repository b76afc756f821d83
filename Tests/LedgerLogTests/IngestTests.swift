import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import Synchronization
import Testing

@Suite struct IngestTests {
    private func pair(_ names: [String]) async throws -> (Network, [Entry], LedgerKeeper) {
        let network = try Network()
        let keeper = try await network.follow(TemporaryFolder().log(network))
        return (network, try network.entries(names), keeper)
    }

    @Test func aFollowerReachesTheSameRoot() async throws {
        let network = try Network()
        let leader = try await network.leader(TemporaryFolder().log(network))
        for step in 1...12 { _ = try await leader.submit(network.claim("n\(step)", nonce: UInt64(step))) }
        let folder = try TemporaryFolder()
        let follower = try await network.follow(folder.log(network))
        while follower.state.sequence < leader.state.sequence {
            try await follower.ingest(leader.entries(from: follower.state.sequence + 1, limit: 5))
        }
        #expect(follower.state.root == leader.state.root)
        try await follower.close()
        let again = try await network.follow(folder.log(network))
        #expect(again.state.root == leader.state.root)
        #expect(try await again.entries(from: 1, limit: 99) == leader.entries(from: 1, limit: 99))
    }

    @Test func overlapIsSkipped() async throws {
        let (_, entries, keeper) = try await pair(["a", "b", "c"])
        try await keeper.ingest(Array(entries[0...1]))
        try await keeper.ingest(entries)
        try await keeper.ingest(entries)
        try await keeper.ingest([Entry]())
        #expect(keeper.state.sequence == 3)
        #expect(keeper.failure == nil)
    }

    @Test func concurrentFeedsOfTheSame() async throws {
        let (_, entries, keeper) = try await pair((1...30).map { "n\($0)" })
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<6 { group.addTask { try await keeper.ingest(entries) } }
            try await group.waitForAll()
        }
        #expect(keeper.state.sequence == 30)
    }

    @Test func aGapIsTold() async throws {
        let (_, entries, keeper) = try await pair(["a", "b", "c"])
        #expect(await code { try await keeper.ingest([entries[1]]) } == .missingEntries)
        #expect(await code { try await keeper.ingest([entries[0], entries[2]]) } == .missingEntries)
        #expect(keeper.state.sequence == 1)
        #expect(keeper.failure == nil)
    }

    @Test func aPeersGarbageHaltsNothing() async throws {
        let (network, entries, keeper) = try await pair(["a", "b"])
        #expect(await code { try await keeper.ingest([Data([1, 2])]) } == .badEntry)
        let forged = try Entry(
            following: LedgerState(genesis: network.genesis), transactions: [], timeMilliseconds: 0,
            key: network.follower)
        #expect(await code { try await keeper.ingest([forged]) } == .badEntry)
        let foreign = try Network(replicas: 3).entries(["a"])
        #expect(await code { try await keeper.ingest(foreign) } == .badEntry)
        let many = Array(repeating: entries[0].bytes, count: 1_025)
        #expect(await code { try await keeper.ingest(many) } == .overloaded)
        try await keeper.ingest(entries)
        #expect(keeper.failure == nil)
        // The forged one again, now that the sequence is taken.
        #expect(await code { try await keeper.ingest([forged]) } == .badEntry)
        #expect(keeper.failure == nil)
    }

    @Test func twoSignedEntriesOfOneSequenceAreAFork() async throws {
        let (network, entries, keeper) = try await pair(["a", "b"])
        try await keeper.ingest(entries)
        let other = try network.entries(["x"])[0]
        do {
            try await keeper.ingest([other])
            Issue.record("The fork was not seen")
        } catch let error as LedgerLogError {
            #expect(error.code == .forked)
            #expect(error.evidence == ForkEvidence(ours: entries[0], theirs: other))
        }
        #expect(keeper.failure?.code == .forked)
        #expect(keeper.state.sequence == 2)
        #expect(await code { try await keeper.ingest(entries) } == .forked)
        #expect(try await keeper.entries(from: 1, limit: 9).count == 2)
    }

    @Test func aContinuationOfAnotherChainIsAFork() async throws {
        let (network, entries, keeper) = try await pair(["a", "b"])
        try await keeper.ingest(entries)
        let others = try network.entries(["x", "y", "z"])
        #expect(await code { try await keeper.ingest([others[2]]) } == .forked)
        #expect(keeper.failure?.evidence == ForkEvidence(ours: entries[1], theirs: others[2]))
    }

    @Test func aWrongStateRootDiverges() async throws {
        let network = try Network()
        let reports = Reports()
        let keeper = try await network.open(network.follower, TemporaryFolder().log(network), reports: reports)
        try await keeper.ingest(network.entries(["a"]))
        // The sequencer claims a state that no entry explains.
        var wrong = keeper.state
        let claim = try SignedTransaction(decoding: network.claim("secret", nonce: 2))
        _ = wrong.execute(claim, timeMilliseconds: 0)
        let entry = try Entry(following: wrong, transactions: [], timeMilliseconds: 0, key: network.sequencer)
        #expect(await code { try await keeper.ingest([entry]) } == .diverged)
        #expect(keeper.failure?.message.contains("Entry 2") == true)
        #expect(keeper.state.sequence == 1)
        // What it signed is in the report.
        let report = try #require(reports.lines(.critical).first)
        for part in [entry.headerBytes, entry.signature] {
            #expect(report.contains("=" + part.map { String(format: "%02x", $0) }.joined()))
        }
    }

    @Test func aCancelledCallerLeavesNoDoubt() async throws {
        let network = try Network()
        let log = FaultyLog(try TemporaryFolder().log(network), delay: .milliseconds(50))
        let keeper = try await network.follow(log)
        let entries = try network.entries(["a", "b", "c"])
        let feed = Task { try await keeper.ingest(entries) }
        try await Task.sleep(for: .milliseconds(20))
        feed.cancel()
        _ = await feed.result
        #expect(keeper.failure == nil)
        try await keeper.ingest(entries)
        #expect(keeper.state.sequence == 3)
    }

    @Test func evidenceIsKeptThoughWhoBroughtItIsCancelled() async throws {
        let network = try Network()
        let folder = try TemporaryFolder()
        let log = try folder.log(network)
        let keeper = try await network.follow(log)
        let (ours, theirs) = (try network.entries(["a"]), try network.entries(["x"], time: 2))
        try await keeper.ingest(ours)
        let feed = Mutex<Task<Void, any Error>?>(nil)
        log.onEvidence { feed.withLock { $0?.cancel() } }
        let (start, go) = AsyncStream.makeStream(of: Void.self)
        feed.withLock {
            $0 = Task {
                for await _ in start { break }
                try await keeper.ingest(theirs)
            }
        }
        go.yield()
        _ = await feed.withLock { $0 }?.result
        #expect(keeper.failure?.code == .forked)
        try await keeper.close()
        let again = try await network.follow(folder.log(network))
        #expect(again.failure?.evidence == ForkEvidence(ours: ours[0], theirs: theirs[0]))
    }
}
