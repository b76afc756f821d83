import Foundation
import Identity
import Ledger
import LedgerLog
import Testing

@Suite struct SnapshotTests {
    private func log(_ count: Int) async throws -> (Network, TemporaryFolder, FaultyLog, [Entry], LedgerState) {
        let network = try Network()
        let folder = try TemporaryFolder()
        let log = try folder.log(network)
        let entries = try network.entries((1...count).map { "n\($0)" })
        let keeper = try await network.follow(log)
        try await keeper.ingest(entries)
        let middle = try LedgerState(genesis: network.genesis).after(Array(entries[..<(count / 2)]))
        return (network, folder, log, entries, middle)
    }

    @Test func aTruncatedLogGoesOnBehindItsBase() async throws {
        let (network, folder, log, entries, middle) = try await log(10)
        let id = try SignedTransaction(decoding: entries[1].transactions[0]).id
        let later = try SignedTransaction(decoding: entries[7].transactions[0]).id
        #expect(try await log.outcome(of: id) != nil)
        try await log.truncate(to: middle.base)
        #expect(try await log.base() == middle.base)
        #expect(try await log.head().sequence == 10)
        #expect(await code { _ = try await log.entries(from: 5, limit: 9, byteLimit: 1 << 20) } == .truncated)
        #expect(try await log.entries(from: 6, limit: 9, byteLimit: 1 << 20) == entries[5...].map(\.bytes))
        #expect(try await log.outcome(of: id) == nil)
        #expect(try await log.outcome(of: later)?.sequence == 8)
        // Going back, or to where it is, changes nothing.
        try await log.truncate(to: LedgerState(genesis: network.genesis).after([entries[0]]).base)
        #expect(try await log.base() == middle.base)
        try await log.close()
        let again = try folder.log(network)
        #expect(await code { _ = try await network.follow(again) } == .truncated)
        let wrong = try LedgerState(genesis: network.genesis).after(Array(entries[..<4]))
        #expect(await code { _ = try await network.open(network.follower, again, snapshot: wrong) } == .badSnapshot)
        let keeper = try await network.open(network.follower, again, snapshot: middle)
        #expect(keeper.failure == nil)
        #expect(keeper.state.root == (try LedgerState(genesis: network.genesis).after(entries).root))
        try await keeper.ingest(network.entries(["more"], after: keeper.state))
        // What the snapshot covers cannot be compared any more and is passed over.
        try await keeper.ingest(Array(entries[..<2]))
        #expect(keeper.state.sequence == 11)
        #expect(keeper.failure == nil)
    }

    @Test func truncatingEverythingLeavesTheBaseAsTheHead() async throws {
        let (network, folder, log, entries, _) = try await log(4)
        let end = try LedgerState(genesis: network.genesis).after(entries)
        try await log.truncate(to: end.base)
        #expect(try await log.head() == LogHead(sequence: 4, hash: end.headHash))
        try await log.close()
        let keeper = try await network.open(network.sequencer, folder.log(network), snapshot: end)
        #expect(keeper.failure == nil)
        #expect(try await keeper.submit(network.claim("next", nonce: 5)).sequence == 5)
    }

    @Test func truncatesAtTheLimitOfAChunkAndOnePast() async throws {
        let network = try Network()
        for count in [256, 257] {
            let log = try TemporaryFolder().log(network)
            var state = LedgerState(genesis: network.genesis)
            var records: [LogRecord] = []
            for _ in 0..<count {
                let entry = try Entry(
                    following: state, transactions: [], timeMilliseconds: Network.genesisTime, key: network.sequencer)
                try state.apply(entry)
                records.append(LogRecord(entry: entry, outcomes: []))
            }
            try await log.append(records)
            try await log.truncate(to: state.base)
            #expect(try await log.head().sequence == UInt64(count))
            #expect(await code { _ = try await log.entries(from: 1, limit: 1, byteLimit: 1) } == .truncated)
        }
    }

    @Test func refusesBasesThatAreNotItsOwn() async throws {
        let (network, _, log, entries, middle) = try await log(4)
        let other = try LedgerState(genesis: network.genesis).after(network.entries(["x", "y"]))
        #expect(await code { try await log.truncate(to: other.base) } == .conflict)
        let ahead = try LedgerState(genesis: network.genesis).after(entries)
            .after(network.entries(["z"], after: LedgerState(genesis: network.genesis).after(entries)))
        #expect(await code { try await log.truncate(to: ahead.base) } == .conflict)
        #expect(await code { try await log.restart(at: middle.base) } == .conflict)
        #expect(try await log.base() == nil)
        let keeper = try await network.follow(log)
        #expect(await code { try await keeper.truncate(to: ahead.base) } == .badSnapshot)
        #expect(await code { try await keeper.truncate(to: other.base) } == .conflict)
        try await keeper.truncate(to: middle.base)
        #expect(try await keeper.base() == middle.base)
    }

    @Test func aSnapshotAheadTakesThePlaceOfTheLog() async throws {
        let (network, folder, log, entries, middle) = try await log(10)
        let fresh = try TemporaryFolder()
        let keeper = try await network.follow(fresh.log(network))
        try await keeper.ingest(Array(entries[..<2]))
        var changes = keeper.changes().makeAsyncIterator()
        let foreign = try Network(replicas: 9)
        #expect(
            await code { try await keeper.install(LedgerState(genesis: foreign.genesis), base: middle.base) }
                == .badSnapshot)
        let older = try LedgerState(genesis: network.genesis).after(Array(entries[..<4]))
        #expect(await code { try await keeper.install(older, base: middle.base) } == .badSnapshot)
        #expect(try await keeper.install(middle, base: middle.base))
        #expect(await changes.next() == 5)
        #expect(try await !keeper.install(middle, base: middle.base))
        try await keeper.ingest(entries)
        #expect(keeper.state.sequence == 10)
        let root = keeper.state.root
        try await keeper.close()
        let again = try await network.open(network.follower, fresh.log(network), snapshot: middle)
        #expect(again.state.root == root)
        #expect(again.failure == nil)
        _ = (folder, log)
    }

    @Test func checkpointsAreKeptWithTheirStates() async throws {
        let network = try Network(checkpointEntries: 2)
        var settings = LedgerKeeper.Settings()
        settings.keptCheckpoints = 4
        let keeper = try await network.leader(TemporaryFolder().log(network), settings: settings)
        var checkpoints = keeper.checkpoints().makeAsyncIterator()
        let entries = try network.entries((1...14).map { "n\($0)" })
        var state = keeper.state
        var due: [UInt64] = []
        for entry in entries {
            try state.apply(entry)
            if state.checkpoint?.sequence == state.sequence { due.append(state.sequence) }
        }
        try #require(due.count > 5)
        try await keeper.ingest(entries)
        due = due.suffix(6)
        // A slow reader gets the newest four.
        #expect(await checkpoints.next()?.0.sequence == due[2])
        #expect(keeper.state(atCheckpoint: due[1]) == nil)
        #expect(keeper.state(atCheckpoint: due[5])?.sequence == due[5])
        #expect(keeper.state(atCheckpoint: due[5] + 1) == nil)
        let kept = try #require(keeper.state(atCheckpoint: due[3]))
        #expect(kept.checkpoint?.stateRoot == kept.root)
    }

    /// The ledger records a certificate for the oldest of the 64 checkpoints that it remembers: the keeper has to have
    /// that one's state.
    @Test func aCertificateManyCheckpointsLaterIsNotLost() async throws {
        let network = try Network(checkpointEntries: 2)
        let folder = try TemporaryFolder()
        let keeper = try await network.leader(folder.log(network))
        var nonce: UInt64 = 0
        func nextCheckpoint() async throws -> LedgerState {
            repeat {
                nonce += 1
                _ = try await keeper.submit(network.claim("n\(nonce)", nonce: nonce))
            } while keeper.state.checkpoint == nil
            return keeper.state
        }
        let oldest = try await nextCheckpoint()
        var later: [UInt64] = []
        for _ in 0..<64 { later.append(try await nextCheckpoint().sequence) }
        #expect(keeper.uncertifiedCheckpoints.map(\.checkpoint.sequence) == [oldest.sequence] + later)
        let certificate = try network.certificate(try #require(oldest.checkpoint), oldest.epoch.committee)
        let result = try await keeper.submit(network.node(.recordCertificate(certificate), nonce: 1))
        #expect(result.outcome == .applied(release: nil))
        #expect(keeper.certified?.state.sequence == oldest.sequence)
        #expect(keeper.certified?.certificate == certificate)
        // A newer one stands for the states before it.
        let middle = try #require(keeper.state(atCheckpoint: later[31]))
        let newer = try network.certificate(try #require(middle.checkpoint), middle.epoch.committee)
        _ = try await keeper.submit(network.node(.recordCertificate(newer), nonce: 2))
        #expect(keeper.certified?.state.sequence == later[31])
        #expect(keeper.state(atCheckpoint: later[30]) == nil)
        #expect(keeper.uncertifiedCheckpoints.map(\.checkpoint.sequence) == Array(later[32...]))
        try await keeper.close()
        let again = try await network.leader(folder.log(network))
        #expect(again.certified?.certificate == newer)
        #expect(again.uncertifiedCheckpoints.map(\.checkpoint.sequence) == Array(later[32...]))
    }
}
