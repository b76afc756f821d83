import Foundation
import Ledger
import Synchronization
import Testing

@testable import LedgerLog

/// A change is certified in time also where nothing follows it.
@Suite(.timeLimit(.minutes(1))) struct CheckpointTests {
    @Test func theLeaderWritesTheCheckpointOfAQuietNetwork() async throws {
        let (network, clock) = (try Network(), ManualClock())
        let wall = Mutex(Network.genesisTime)
        var settings = LedgerKeeper.Settings()
        settings.slowAppend = .seconds(1_000)
        let keeper = try await network.leader(
            TemporaryFolder().log(network), settings: settings, clock: clock, now: { wall.withLock { $0 } })
        _ = try await keeper.submit(network.claim("a", nonce: 1))
        #expect(keeper.state.checkpoint == nil)

        let running = Task { await keeper.run() }
        func pass(_ time: Duration) async throws {
            try await eventually { clock.sleeperCount == 1 }
            wall.withLock { $0 += time.milliseconds }
            clock.advance(by: time)
            try await eventually { clock.sleeperCount == 1 }
        }
        try await pass(.milliseconds(59_999))
        #expect(keeper.state.sequence == 1)
        try await pass(.seconds(1))
        try await eventually { keeper.state.sequence == 2 }
        #expect(keeper.state.checkpoint?.sequence == 2)
        let entry = try Entry(decoding: #require(try await keeper.entries(from: 2, limit: 1).first))
        #expect(entry.transactions.isEmpty)
        for _ in 0..<3 { try await pass(.seconds(60)) }
        #expect(keeper.state.sequence == 2, "nothing happened since")
        running.cancel()
        await running.value
        try await keeper.close()
    }

    @Test func whoFollowsWritesNone() async throws {
        let (network, clock) = (try Network(), ManualClock())
        let keeper = try await network.open(
            network.follower, TemporaryFolder().log(network), clock: clock,
            now: { Network.genesisTime + 100_000 })
        try await keeper.ingest(network.entries(["a"]))
        #expect(keeper.state.isCheckpointOverdue(at: Network.genesisTime + 100_000))
        await keeper.writeOverdueCheckpoint()
        #expect(keeper.state.sequence == 1)
        try await keeper.close()
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
}
