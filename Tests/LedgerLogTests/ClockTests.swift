import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import Synchronization
import Testing

/// Time on the ledger never goes back, so nobody's clock may take it far ahead.
@Suite(.timeLimit(.minutes(1))) struct ClockTests {
    private static let bound: Int64 = 300_000

    /// A wall clock that the test sets.
    private final class Wall: Sendable {
        let time = Mutex(Network.genesisTime)
        func set(_ milliseconds: Int64) { time.withLock { $0 = Network.genesisTime + milliseconds } }
        var now: Int64 { time.withLock { $0 } }
    }

    private func settings() -> LedgerKeeper.Settings {
        var settings = LedgerKeeper.Settings()
        // A clock that stands still never ends a pause.
        settings.slowAppend = .seconds(1_000)
        return settings
    }

    @Test func anEntryFromTheFutureWaitsAndHaltsNothing() async throws {
        let (network, wall, reports) = (try Network(), Wall(), Reports())
        let keeper = try await network.open(
            network.follower, TemporaryFolder().log(network), now: { wall.now }, reports: reports)
        let entries =
            try network.entries(["a"])
            + network.entries(
                ["b"], after: LedgerState(genesis: network.genesis).after(network.entries(["a"])), time: Self.bound + 7)
        wall.set(6)
        for _ in 0..<3 { #expect(await code { try await keeper.ingest(entries) } == .clockMismatch) }
        #expect(keeper.state.sequence == 1)
        #expect(keeper.failure == nil)
        #expect(reports.lines(.error).count { $0.contains("Entry 2") } == 1)
        wall.set(7)
        try await keeper.ingest(entries)
        #expect(keeper.state.sequence == 2)
    }

    @Test func aStrangersEntryFromTheFutureIsRubbish() async throws {
        let network = try Network()
        let keeper = try await network.follow(TemporaryFolder().log(network))
        let forged = try Entry(
            following: keeper.state, transactions: [], timeMilliseconds: Network.genesisTime + 10 * Self.bound,
            key: network.bob)
        #expect(await code { try await keeper.ingest([forged]) } == .badEntry)
    }

    @Test func theSharedLogsEntryFromTheFutureWaits() async throws {
        let (network, wall) = (try Network(shared: true), Wall())
        let log = SharedLog(network)
        let keeper = try await network.open(
            network.follower, TemporaryFolder().log(network), shared: log.handle(network.follower.publicKey.node),
            leadership: TestLeadership(), now: { wall.now })
        log.force(try network.entries(["a"], time: 2 * Self.bound))
        let handle = log.handle(keeper.node)
        for _ in 0..<6 { #expect(await !keeper.look(at: handle)) }
        #expect(keeper.failure == nil)
        #expect(keeper.state.sequence == 0)
        wall.set(Self.bound)
        #expect(await keeper.look(at: handle))
        #expect(keeper.state.sequence == 1)
    }

    @Test func aClockThatJumpsOrdersNothing() async throws {
        let (network, wall, clock) = (try Network(), Wall(), ManualClock())
        let keeper = try await network.leader(
            TemporaryFolder().log(network), settings: settings(), clock: clock, now: { wall.now })
        _ = try await keeper.submit(network.claim("a", nonce: 1))
        wall.set(Self.bound)
        #expect(try await keeper.submit(network.claim("b", nonce: 2)).sequence == 2, "at the limit")
        wall.set(2 * Self.bound + 1)
        for _ in 0..<2 {
            #expect(await code { _ = try await keeper.submit(network.claim("c", nonce: 3)) } == .clockMismatch)
        }
        #expect(keeper.state.sequence == 2)
        #expect(keeper.failure == nil)
        wall.set(Self.bound + 5)
        #expect(try await keeper.submit(network.claim("c", nonce: 3)).sequence == 3, "somebody set the clock")
    }

    @Test func timeThatPassedIsNoJump() async throws {
        let (network, wall, clock) = (try Network(), Wall(), ManualClock())
        let keeper = try await network.leader(
            TemporaryFolder().log(network), settings: settings(), clock: clock, now: { wall.now })
        _ = try await keeper.submit(network.claim("a", nonce: 1))
        wall.set(100 * Self.bound)
        clock.advance(by: .milliseconds(100 * Self.bound))
        #expect(try await keeper.submit(network.claim("b", nonce: 2)).sequence == 2)
    }

    @Test func aClockThatWasBehindMayBeSetRight() async throws {
        let (network, wall, clock) = (try Network(), Wall(), ManualClock())
        wall.set(100 * Self.bound)
        let keeper = try await network.leader(
            TemporaryFolder().log(network), settings: settings(), clock: clock, now: { wall.now })
        _ = try await keeper.submit(network.claim("a", nonce: 1))
        wall.set(0)
        _ = try await keeper.submit(network.claim("b", nonce: 2))
        wall.set(100 * Self.bound + 1)
        #expect(try await keeper.submit(network.claim("c", nonce: 3)).sequence == 3)
    }
}
