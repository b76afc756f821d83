import Foundation
import Identity
import Ledger
import LedgerLog
import Testing

/// Nodes on one shared log: who leads, and what becomes of transactions when that changes.
@Suite(.timeLimit(.minutes(1))) struct FollowTests {
    /// A node whose keeper runs until the test lets go of it.
    private final class Member: Sendable {
        let keeper: LedgerKeeper
        let leadership = TestLeadership()
        let node: NodeID
        private let running: Task<Void, Never>

        init(
            _ network: Network, _ key: SigningKey, _ log: SharedLog, folder: TemporaryFolder? = nil,
            pollInterval: Duration = .milliseconds(20), signatures: SigningRecord? = nil
        ) async throws {
            node = key.publicKey.node
            var settings = LedgerKeeper.Settings()
            settings.pollInterval = pollInterval
            settings.retryPause = .milliseconds(2)
            keeper = try await network.open(
                key, (folder ?? TemporaryFolder()).log(network), shared: log.handle(node), leadership: leadership,
                signatures: signatures, settings: settings, time: Network.genesisTime + 5)
            running = Task { [keeper] in await keeper.run() }
        }

        deinit { running.cancel() }

        func stop() async throws {
            running.cancel()
            await running.value
            try await keeper.close()
        }
    }

    private func pair(
        pollInterval: Duration = .milliseconds(20)
    ) async throws -> (Network, SharedLog, Member, Member) {
        let network = try Network(shared: true)
        let log = SharedLog(network)
        return (
            network, log, try await Member(network, network.sequencer, log, pollInterval: pollInterval),
            try await Member(network, network.follower, log, pollInterval: pollInterval)
        )
    }

    private func lead(_ member: Member, _ other: Member, _ log: SharedLog, term: UInt64) async throws {
        log.lead(member.node)
        other.leadership.set(.following(member.node))
        member.leadership.set(.leading(term: term))
        try await eventually { member.keeper.isLeading && other.keeper.sequencer == member.node }
    }

    @Test func theLeaderOrdersAndTheOtherFollows() async throws {
        let (network, log, first, second) = try await pair()
        #expect(first.keeper.sequencer == nil)
        #expect(await code { _ = try await first.keeper.submit(network.claim("a", nonce: 1)) } == .notSequencer)
        try await lead(first, second, log, term: 1)
        for step in 1...10 {
            let result = try await first.keeper.submit(network.claim("n\(step)", nonce: UInt64(step)))
            #expect(result.sequence == UInt64(step))
        }
        #expect(await code { _ = try await second.keeper.submit(network.claim("a", nonce: 11)) } == .notSequencer)
        try await eventually { second.keeper.state.sequence == 10 }
        #expect(second.keeper.state.root == first.keeper.state.root)
        #expect(second.keeper.failure == nil)
    }

    @Test func whatIsNewIsReadOnce() async throws {
        let network = try Network(shared: true)
        let log = SharedLog(network)
        let keeper = try await network.open(
            network.follower, TemporaryFolder().log(network), shared: log.handle(network.follower.publicKey.node),
            leadership: TestLeadership())
        func reads(tellsHead: Bool = true) async -> Int {
            let before = log.reads
            #expect(await keeper.look(at: log.handle(keeper.node, tellsHead: tellsHead)))
            #expect(keeper.state.headHash == log.head.hash)
            return log.reads - before
        }
        log.force(try network.entries(["a", "b"]))
        #expect(await reads() == 1)
        #expect(await reads() == 1)
        // Pages hold three.
        log.force(try network.entries(["c", "d", "e", "f", "g"], after: keeper.state))
        #expect(await reads() == 2)
        // An engine that does not tell its head is read to the end and asked for it.
        log.force(try network.entries(["h"], after: keeper.state))
        #expect(await reads(tellsHead: false) == 3)
        try await keeper.close()
    }

    @Test func whoTakesOverCatchesUpFirst() async throws {
        let (network, log, first, second) = try await pair()
        try await lead(first, second, log, term: 1)
        let bytes = try network.claim("a", nonce: 1)
        let result = try await first.keeper.submit(bytes)
        for step in 2...7 { _ = try await first.keeper.submit(network.claim("n\(step)", nonce: UInt64(step))) }
        try await lead(second, first, log, term: 2)
        #expect(second.keeper.state.sequence == 7)
        // Resubmitted elsewhere, a transaction gets its first result.
        #expect(try await second.keeper.submit(bytes) == result)
        #expect(try await second.keeper.submit(network.claim("b", nonce: 8)).sequence == 8)
        try await eventually { first.keeper.state.sequence == 8 }
        #expect(first.keeper.state.root == second.keeper.state.root)
        let kinds = log.entries.map { $0.sequencer == second.node }
        #expect(kinds == Array(repeating: false, count: 7) + [true])
    }

    @Test func aDeposedLeaderNoticesAtItsNextAppend() async throws {
        let (network, log, first, second) = try await pair(pollInterval: .seconds(30))
        try await lead(first, second, log, term: 1)
        _ = try await first.keeper.submit(network.claim("a", nonce: 1))
        // The first one sleeps through its replacement.
        log.lead(second.node)
        second.leadership.set(.leading(term: 2))
        try await eventually { second.keeper.isLeading }
        _ = try await second.keeper.submit(network.claim("b", nonce: 2))
        let late = try network.claim("c", nonce: 1, by: network.bob)
        #expect(await code { _ = try await first.keeper.submit(late) } == .notSequencer)
        #expect(!first.keeper.isLeading)
        #expect(log.entries.count == 2)
        try await eventually { first.keeper.state.sequence == 2 }
        #expect(first.keeper.failure == nil)
        // It does not try again in the same term, and does in a later one.
        try await Task.sleep(for: .milliseconds(60))
        #expect(!first.keeper.isLeading)
        try await lead(first, second, log, term: 3)
        #expect(try await first.keeper.submit(network.claim("c", nonce: 1, by: network.bob)).sequence == 3)
    }

    @Test func anEntryThatCameFirstIsTakenAndTheLeadResumed() async throws {
        let (network, log, first, second) = try await pair(pollInterval: .seconds(30))
        try await lead(first, second, log, term: 1)
        log.force(try network.entries(["a"], by: network.follower))
        let bytes = try network.claim("b", nonce: 1, by: network.bob)
        #expect(await code { _ = try await first.keeper.submit(bytes) } == .notSequencer)
        try await eventually { first.keeper.isLeading }
        #expect(try await first.keeper.submit(bytes).sequence == 2)
        #expect(first.keeper.failure == nil)
    }

    /// Two headers of one sequence would cost the sequencer its stake, although only one of them is in the log.
    @Test func whoLeadsAgainAddsTheEntryThatItSigned() async throws {
        let (network, log, first, second) = try await pair()
        try await lead(first, second, log, term: 1)
        log.lead(nil)
        #expect(await code { _ = try await first.keeper.submit(network.claim("a", nonce: 1)) } == .notSequencer)
        try await lead(first, second, log, term: 2)
        #expect(try await first.keeper.submit(network.claim("b", nonce: 1, by: network.bob)).sequence == 2)
        #expect(first.keeper.state.name(try Network.name("a")) != nil)
        #expect(Set(log.attempts.filter { $0.sequence == 1 }.map(\.hash)).count == 1)
        #expect(first.keeper.failure == nil)
    }

    @Test func whoLeadsAfterARestartAddsTheEntryThatItSigned() async throws {
        let network = try Network(shared: true)
        let (log, folder) = (SharedLog(network), try TemporaryFolder())
        func record() throws -> SigningRecord {
            try SigningRecord(path: folder.file("signed.sqlite"), network: network.genesis.networkID)
        }
        let first = try await Member(network, network.sequencer, log, folder: folder, signatures: record())
        let second = try await Member(network, network.follower, log)
        try await lead(first, second, log, term: 1)
        // It dies and never hears what became of its entry.
        log.fail(.lostBefore, times: 100_000)
        #expect(await code { _ = try await first.keeper.submit(network.claim("a", nonce: 1)) } == .unavailable)
        try await first.stop()
        log.fail(.lostBefore, times: 0)
        let again = try await Member(network, network.sequencer, log, folder: folder, signatures: record())
        try await lead(again, second, log, term: 2)
        #expect(try await again.keeper.submit(network.claim("b", nonce: 1, by: network.bob)).sequence == 2)
        #expect(Set(log.attempts.filter { $0.sequence == 1 }.map(\.hash)).count == 1)
        try await eventually { second.keeper.state.sequence == 2 }
        #expect(second.keeper.state.name(try Network.name("a")) != nil)
    }

    @Test func whoSignedAnEntryOfAnotherHistoryDoesNotLeadBeforeItIsPast() async throws {
        let network = try Network(shared: true)
        let (log, folder) = (SharedLog(network), try TemporaryFolder())
        func record() throws -> SigningRecord {
            try SigningRecord(path: folder.file("signed.sqlite"), network: network.genesis.networkID)
        }
        let first = try await Member(network, network.sequencer, log, folder: folder, signatures: record())
        let second = try await Member(network, network.follower, log)
        try await lead(first, second, log, term: 1)
        for step in 1...3 { _ = try await first.keeper.submit(network.claim("n\(step)", nonce: UInt64(step))) }
        try await first.stop()
        try await second.stop()
        // The shared log and both copies are lost; what the node signed is not.
        log.clear()
        let again = try await Member(network, network.sequencer, log, signatures: record())
        let other = try await Member(network, network.follower, log)
        log.lead(again.node)
        again.leadership.set(.leading(term: 2))
        try await Task.sleep(for: .milliseconds(100))
        #expect(!again.keeper.isLeading)
        try await lead(other, again, log, term: 3)
        for step in 1...3 { _ = try await other.keeper.submit(network.claim("x\(step)", nonce: UInt64(step))) }
        try await lead(again, other, log, term: 4)
        #expect(try await again.keeper.submit(network.claim("x4", nonce: 4)).sequence == 4)
        let own = log.attempts.filter { $0.sequencer == again.node }
        #expect(Set(own.map(\.sequence)).count == Set(own.map(\.hash)).count)
    }

    @Test(arguments: [SharedLog.Fault.lostBefore, .lostAfter])
    func anAppendWithoutAnAnswerIsResolved(_ fault: SharedLog.Fault) async throws {
        let (network, log, first, second) = try await pair()
        try await lead(first, second, log, term: 1)
        let bytes = try network.claim("a", nonce: 1)
        log.fail(fault)
        #expect(await code { _ = try await first.keeper.submit(bytes) } == .unavailable)
        // In either case it is this very entry that gets in, and the same transaction gets its result.
        try await eventually { first.keeper.state.sequence == 1 }
        #expect(try await first.keeper.submit(bytes) == SubmitResult(sequence: 1, outcome: .applied(release: nil)))
        #expect(try await first.keeper.submit(network.claim("b", nonce: 2)).sequence == 2)
        #expect(log.entries.count == 2)
        #expect(first.keeper.failure == nil)
    }

    @Test func nothingElseIsOrderedBeforeTheOutcomeIsKnown() async throws {
        let (network, log, first, second) = try await pair()
        try await lead(first, second, log, term: 1)
        log.fail(.lostAfterAndDown)
        #expect(await code { _ = try await first.keeper.submit(network.claim("a", nonce: 1)) } == .unavailable)
        for _ in 0..<3 {
            #expect(await code { _ = try await first.keeper.submit(network.claim("b", nonce: 1)) } == .unavailable)
        }
        #expect(first.keeper.state.sequence == 0)
        #expect(try await first.keeper.entries(from: 1, limit: 9).isEmpty)
        #expect(first.keeper.failure == nil)
        log.setDown(false)
        try await eventually { first.keeper.state.sequence == 1 }
        #expect(log.entries.count == 1)
        #expect(first.keeper.state.name(try Network.name("a")) != nil)
    }

    @Test func anUnresolvedEntryMayLoseToAnotherLeader() async throws {
        let (network, log, first, second) = try await pair()
        try await lead(first, second, log, term: 1)
        log.fail(.lostBefore, times: 100_000)
        #expect(await code { _ = try await first.keeper.submit(network.claim("a", nonce: 1)) } == .unavailable)
        log.lead(second.node)
        log.fail(.lostBefore, times: 0)
        first.leadership.set(.following(second.node))
        second.leadership.set(.leading(term: 2))
        try await eventually { second.keeper.isLeading }
        let other = try await second.keeper.submit(network.claim("b", nonce: 1))
        #expect(other.sequence == 1)
        try await eventually { first.keeper.state.sequence == 1 && first.keeper.sequencer == second.node }
        #expect(first.keeper.failure == nil)
        #expect(first.keeper.sequencer == second.node)
        #expect(first.keeper.state.root == second.keeper.state.root)
    }

    @Test func followersReadAndServeWhileTheLogIsAway() async throws {
        let (network, log, first, second) = try await pair()
        try await lead(first, second, log, term: 1)
        _ = try await first.keeper.submit(network.claim("a", nonce: 1))
        try await eventually { second.keeper.state.sequence == 1 }
        log.setDown(true)
        #expect(await code { _ = try await first.keeper.submit(network.claim("b", nonce: 2)) } == .unavailable)
        #expect(second.keeper.state.name(try Network.name("a")) != nil)
        #expect(try await second.keeper.entries(from: 1, limit: 9).count == 1)
        log.setDown(false)
        try await eventually { second.keeper.state.sequence == 2 }
    }

    @Test func aRestartGoesOnFromTheLocalCopy() async throws {
        let network = try Network(shared: true)
        let log = SharedLog(network)
        let folder = try TemporaryFolder()
        let first = try await Member(network, network.sequencer, log)
        let second = try await Member(network, network.follower, log, folder: folder)
        try await lead(first, second, log, term: 1)
        _ = try await first.keeper.submit(network.claim("a", nonce: 1))
        try await eventually { second.keeper.state.sequence == 1 }
        try await second.stop()
        for step in 2...9 { _ = try await first.keeper.submit(network.claim("n\(step)", nonce: UInt64(step))) }
        let again = try await Member(network, network.follower, log, folder: folder)
        try await eventually { again.keeper.state.sequence == 9 }
        #expect(again.keeper.state.root == first.keeper.state.root)
    }

    @Test func whoIsFarBehindGoesOnFromASnapshot() async throws {
        let (network, log, first, second) = try await pair()
        try await lead(first, second, log, term: 1)
        for step in 1...6 { _ = try await first.keeper.submit(network.claim("n\(step)", nonce: UInt64(step))) }
        let snapshot = first.keeper.state
        try await first.keeper.truncate(to: snapshot.base)
        _ = try await first.keeper.submit(network.claim("after", nonce: 7))
        let third = try await Member(network, Network.key(9), log)
        try await eventually { third.keeper.missingBase != nil }
        #expect(third.keeper.missingBase == snapshot.base)
        #expect(third.keeper.failure == nil)
        #expect(try await third.keeper.install(snapshot, base: snapshot.base))
        try await eventually { third.keeper.state.sequence == 7 }
        #expect(third.keeper.missingBase == nil)
        #expect(third.keeper.state.root == first.keeper.state.root)
        #expect(await code { _ = try await first.keeper.entries(from: 6, limit: 1) } == .truncated)
    }

    @Test func standingsAreTold() async throws {
        let (_, log, first, second) = try await pair()
        var standings = first.keeper.standings().makeAsyncIterator()
        #expect(await standings.next() == .vacant)
        try await lead(second, first, log, term: 4)
        #expect(await standings.next() == .following(second.node))
        try await lead(first, second, log, term: 5)
        var told: [Standing] = []
        while let standing = await standings.next() {
            told.append(standing)
            if standing == .leading(term: 5) { break }
        }
        #expect(told.last == .leading(term: 5), "\(told)")
        try await first.stop()
        while await standings.next() != nil {}
    }

    /// Two sequencers take turns while transactions come in everywhere; nothing is lost, repeated or invented.
    @Test func theLeadMovesUnderLoad() async throws {
        let (network, log, first, second) = try await pair()
        log.slowDown(.milliseconds(1))
        try await lead(first, second, log, term: 1)
        let submitters = 8
        let perSubmitter = 12
        var all: Set<TransactionID> = []
        let acknowledged = try await withThrowingTaskGroup(of: [HistoryChecker.Acknowledgement].self) { group in
            for number in 0..<submitters {
                let key = try Network.key(3_000 + UInt16(number))
                let transactions = try (1...perSubmitter).map {
                    try SignedTransaction(decoding: network.claim("s\(number)-\($0)", nonce: UInt64($0), by: key))
                }
                all.formUnion(transactions.map(\.id))
                group.addTask {
                    var said: [HistoryChecker.Acknowledgement] = []
                    for transaction in transactions {
                        said.append(try await submit(transaction, to: [first.keeper, second.keeper]))
                    }
                    return said
                }
            }
            for term in UInt64(2)...6 {
                try await Task.sleep(for: .milliseconds(15))
                if term % 2 == 0 {
                    try await lead(second, first, log, term: term)
                } else {
                    try await lead(first, second, log, term: term)
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(acknowledged.count == submitters * perSubmitter)
        let end = log.head.sequence
        try await eventually { first.keeper.state.sequence == end && second.keeper.state.sequence == end }
        let start = LedgerState(genesis: network.genesis)
        let histories = [
            HistoryChecker.History(name: "shared", start: start, entries: log.entries.map(\.bytes)),
            HistoryChecker.History(
                name: "first", start: start, entries: try await first.keeper.entries(from: 1, limit: 1_000)),
            HistoryChecker.History(
                name: "second", start: start, entries: try await second.keeper.entries(from: 1, limit: 1_000)),
        ]
        let violations = HistoryChecker.violations(submitted: all, acknowledged: acknowledged, histories: histories)
        #expect(violations.isEmpty)
    }

    /// Tries one keeper after the other until one takes it.
    private func submit(
        _ transaction: SignedTransaction, to keepers: [LedgerKeeper]
    ) async throws -> HistoryChecker.Acknowledgement {
        while true {
            for keeper in keepers {
                try Task.checkCancellation()
                do {
                    let result = try await keeper.submit(transaction.bytes)
                    if result.outcome.isApplied { return .init(id: transaction.id, sequence: result.sequence) }
                    #expect(result.outcome.refusal?.code == .badNonce, "\(result.outcome)")
                } catch let error as LedgerLogError where error.code == .notSequencer || error.code == .unavailable {
                    try await Task.sleep(for: .milliseconds(1))
                }
            }
        }
    }
}
