import Foundation
import Identity
import Ledger
import LedgerLog
import Testing

@Suite struct WaitTests {
    private func keeper(
        _ clock: ManualClock, maxWaiters: Int = 10, maxSubscribers: Int = 2
    ) async throws -> (Network, LedgerKeeper) {
        let network = try Network()
        var settings = LedgerKeeper.Settings()
        settings.maxWaiters = maxWaiters
        settings.maxSubscribers = maxSubscribers
        return (network, try await network.leader(TemporaryFolder().log(network), settings: settings, clock: clock))
    }

    private func until(_ condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(1)) }
    }

    @Test(.timeLimit(.minutes(1))) func wakesWhenTheSequenceIsReached() async throws {
        let clock = ManualClock()
        let (network, keeper) = try await keeper(clock)
        #expect(await keeper.waitForSequence(0, timeout: .seconds(1)))
        async let first = keeper.waitForSequence(1, timeout: .seconds(1))
        async let second = keeper.waitForSequence(2, timeout: .seconds(1))
        try await until { clock.sleeperCount == 2 }
        _ = try await keeper.submit(network.claim("a", nonce: 1))
        #expect(await first)
        clock.advance(by: .seconds(1))
        #expect(await !second)
    }

    @Test(.timeLimit(.minutes(1))) func endsOnCancellationAndOnClosing() async throws {
        let clock = ManualClock()
        let (_, keeper) = try await keeper(clock)
        let cancelled = Task { await keeper.waitForSequence(1, timeout: .seconds(1)) }
        let closed = Task { await keeper.waitForSequence(1, timeout: .seconds(1)) }
        try await until { clock.sleeperCount == 2 }
        cancelled.cancel()
        #expect(await !cancelled.value)
        try await keeper.close()
        #expect(await !closed.value)
        #expect(clock.sleeperCount == 0)
        #expect(await !keeper.waitForSequence(1, timeout: .seconds(1)))
    }

    @Test(.timeLimit(.minutes(1))) func waitersAreBounded() async throws {
        let clock = ManualClock()
        let (_, keeper) = try await keeper(clock, maxWaiters: 1)
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<3 { group.addTask { await keeper.waitForSequence(1, timeout: .seconds(1)) } }
            // Two are turned away while the clock stands still; the third waits for it.
            #expect(await group.next() == false)
            #expect(await group.next() == false)
            while clock.sleeperCount != 1 { await Task.yield() }
            clock.advance(by: .seconds(1))
            #expect(await group.next() == false)
        }
    }

    @Test(.timeLimit(.minutes(1))) func subscribersHearTheNewest() async throws {
        let (network, keeper) = try await keeper(ManualClock())
        var changes = keeper.changes().makeAsyncIterator()
        for step in 1...3 { _ = try await keeper.submit(network.claim("n\(step)", nonce: UInt64(step))) }
        #expect(await changes.next() == 3)
        let other = keeper.changes()
        var refused = keeper.changes().makeAsyncIterator()
        #expect(await refused.next() == nil)
        try await keeper.close()
        #expect(await changes.next() == nil)
        for await _ in other {}
    }
}
