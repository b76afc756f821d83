import Identity
import NIOCore
import Synchronization
import Testing

@testable import BlobStore

@Suite struct SpacePlanTests {
    private func plan(_ change: (inout BlobStore.Settings) -> Void) -> SpacePlan {
        var settings = BlobStore.Settings()
        settings.reserveBytes = 100
        change(&settings)
        return SpacePlan(settings)
    }

    @Test func theQuotaAndTheDiskBothLimit() {
        let plan = plan { $0.quotaBytes = 1_000 }
        let use = SpaceUse(storedBytes: 500, protectedBytes: 200, partialBytes: 100, claimedBytes: 50)
        #expect(plan.capacity(use, freeBytes: 10_000) == 1_000)
        #expect(plan.shortfall(use, freeBytes: 10_000, adding: 350) == 0)
        #expect(plan.shortfall(use, freeBytes: 10_000, adding: 351) == 1)
        #expect(plan.mayFit(use, freeBytes: 10_000, adding: 800))
        #expect(!plan.mayFit(use, freeBytes: 10_000, adding: 801))
        #expect(plan.rest(use, freeBytes: 10_000) == 800)
        #expect(plan.rest(use, freeBytes: 0) == 350)
        #expect(plan.rest(SpaceUse(storedBytes: 90, protectedBytes: 90), freeBytes: 0) == -100)
        #expect(plan.shortfall(use, freeBytes: 150, adding: 50) == 0)
        #expect(plan.shortfall(use, freeBytes: 150, adding: 51) == 1)
    }

    @Test func waterMarks() {
        let plan = plan { $0.quotaBytes = 1_000 }
        #expect(plan.surplus(SpaceUse(storedBytes: 950), freeBytes: 10_000) == 0)
        #expect(plan.surplus(SpaceUse(storedBytes: 951), freeBytes: 10_000) == 101)
        let disk = self.plan { _ in }
        #expect(disk.surplus(SpaceUse(storedBytes: 949), freeBytes: 151) == 0)
        #expect(disk.surplus(SpaceUse(storedBytes: 960), freeBytes: 140) == 110)
        let odd = self.plan {
            $0.quotaBytes = -5
            $0.highWater = .nan
            $0.lowWater = 7
        }
        #expect(odd.surplus(SpaceUse(storedBytes: 10), freeBytes: 0) == 10)
    }

    @Test func extremes() {
        let plan = plan { $0.reserveBytes = .max }
        let use = SpaceUse(storedBytes: .max, protectedBytes: .max, partialBytes: .max, claimedBytes: .max)
        for free in [Int.min, -1, 0, .max] {
            for count in [Int.min, 0, 1, .max] {
                _ = plan.shortfall(use, freeBytes: free, adding: count)
                _ = plan.mayFit(use, freeBytes: free, adding: count)
                _ = plan.rest(use, freeBytes: free)
                _ = plan.shortfall(SpaceUse(), freeBytes: free, adding: count)
                #expect(!plan.mayFit(SpaceUse(storedBytes: 5, protectedBytes: 5), freeBytes: 0, adding: 1))
            }
            _ = plan.surplus(use, freeBytes: free)
        }
    }
}

@Suite struct QuotaTests {
    private static let user = PinOwner("user")

    /// Waits for evictions in the background, which run one at a time.
    private func settle(_ store: BlobStore) async throws {
        while store.isEvictionScheduled.load(ordering: .acquiring) { try await Task.sleep(for: .milliseconds(1)) }
        store.removals.withLock { _ in }
    }

    @Test(arguments: [10_000, 60_000]) func theColdestGoFirst(size: Int) async throws {
        let clock = ManualStoreClock()
        let fixture = try Fixture {
            $0.quotaBytes = 20 * size
            $0.clock = clock.clock
        }
        let store = fixture.store
        var ids: [BlobID] = []
        for seed in 0..<19 {
            clock.advance(.seconds(100))
            ids.append(try await store.put(noise(size, seed: UInt64(seed + 1))))
        }
        // The first three are used again.
        for id in ids[..<3] { _ = try await store.readAll(id, limit: .max) }
        #expect(store.usage.blobs == 19)
        ids.append(try await store.put(noise(size, seed: 100)))
        try await settle(store)
        #expect(store.usage == (17, 17 * size))
        #expect(
            try ids.map { try store.contains($0) } == [true, true, true, false, false, false]
                + Array(repeating: true, count: 14))
        #expect(try fixture.dataFiles().count == (size > 16_384 ? 17 : 0))
        #expect(try fixture.names(in: "tmp").isEmpty)
    }

    @Test("What has just been stored stays above the high water mark, so that it can be pinned")
    func freshBlobsStay() async throws {
        let clock = ManualStoreClock()
        let fixture = try Fixture {
            $0.quotaBytes = 100_000
            $0.clock = clock.clock
        }
        let store = fixture.store
        clock.advance(.seconds(100))
        let old = try await store.put(noise(30_000, seed: 1))
        clock.advance(.seconds(100))
        let new = try await store.put(noise(69_000, seed: 2))
        try await settle(store)
        #expect(try !store.contains(old) && store.contains(new))
        clock.advance(.seconds(1))
        _ = try await store.put(noise(30_000, seed: 3))
        try await settle(store)
        #expect(try store.contains(new))
        clock.advance(.seconds(100))
        _ = try await store.put(noise(500, seed: 4))
        try await settle(store)
        #expect(try !store.contains(new))
    }

    @Test func whatIsPinnedOrHeldStays() async throws {
        let fixture = try Fixture {
            $0.quotaBytes = 1_000_000
            $0.highWater = 1
        }
        let store = fixture.store
        let user = try #require(Self.user)
        let pinned = try await store.put(noise(300_000, seed: 1))
        let held = try await store.put(noise(300_000, seed: 2))
        let cold = try await store.put(noise(300_000, seed: 3))
        try await store.pin([pinned], by: user)
        let hold = store.hold(held)
        let fourth = try await store.put(noise(300_000, seed: 4))
        #expect(try [pinned, held, cold, fourth].map { try store.contains($0) } == [true, true, false, true])
        // Too much for what may go: nothing goes.
        #expect(await code { _ = try await store.put(noise(700_001, seed: 5)) } == .quotaExceeded)
        #expect(store.usage.blobs == 3)
        // It might fit, were it not for the hold.
        #expect(await code { _ = try await store.put(noise(600_000, seed: 6)) } == .quotaExceeded)
        #expect(try store.contains(held))
        #expect(try !store.contains(fourth))
        #expect(try await store.readAll(pinned, limit: .max) == noise(300_000, seed: 1))
        hold.release()
        hold.release()
        let last = try await store.put(noise(600_000, seed: 6))
        #expect(try [pinned, held, last].map { try store.contains($0) } == [true, false, true])
        #expect(try fixture.names(in: "tmp").isEmpty)
        #expect(store.state.space.withLock { $0.claimedBytes + $0.landing.count } == 0)
    }

    @Test func refusalsSayWhy() async throws {
        let fixture = try Fixture { $0.quotaBytes = 100_000 }
        let store = fixture.store
        let user = try #require(Self.user)
        let pinned = try await store.put(noise(90_000))
        try await store.pin([pinned], by: user)
        for body in [
            { _ = try await store.put(noise(10_001, seed: 2)) },
            { _ = try store.ingest(expecting: nil, sizeHint: 10_001) },
            { _ = try await store.ingestAll(noise(300_000, seed: 2), step: 50_000) },
            {
                let bytes = noise(300_000)
                _ = try store.assemble(digest(bytes), byteCount: 300_000, blockValues: values(of: bytes))
            },
        ] as [@Sendable () async throws -> Void] {
            do {
                try await body()
                Issue.record("was not refused")
            } catch let error as BlobStoreError {
                #expect(error.code == .quotaExceeded)
                #expect(error.message.contains("90000 are pinned"))
            }
        }
        #expect(try await store.put(noise(10_000, seed: 3)) == digest(noise(10_000, seed: 3)))
        #expect(store.state.space.withLock { $0.claimedBytes + $0.landing.count } == 0)
        #expect(try fixture.names(in: "tmp").isEmpty)
    }

    @Test func streamsCountWhileTheyAreWritten() async throws {
        let fixture = try Fixture { $0.quotaBytes = 1_000_000 }
        let store = fixture.store
        let first = try store.ingest(expecting: nil, sizeHint: nil)
        try await first.write(noise(600_000))
        let second = try store.ingest(expecting: nil, sizeHint: nil)
        #expect(await code { try await second.write(noise(600_000, seed: 2)) } == .quotaExceeded)
        first.cancel()
        #expect(try await store.put(noise(600_000, seed: 2)) == digest(noise(600_000, seed: 2)))
    }

    @Test func unfinishedBlobsGoBeforeStoredOnes() async throws {
        let fixture = try Fixture {
            $0.quotaBytes = 2_000_000
            $0.highWater = 1
        }
        let store = fixture.store
        let stored = try await store.put(noise(600_000, seed: 1))
        let bytes = noise(700_000, seed: 2)
        do {
            let assembly = try store.assemble(digest(bytes), byteCount: 700_000, blockValues: values(of: bytes))
            try await assembly.write(block: 1, blocks(of: bytes)[1])
            // A session that is open keeps its room.
            #expect(await code { _ = try await store.put(noise(1_400_000, seed: 3)) } == .quotaExceeded)
            await assembly.suspend()
        }
        #expect(store.partialBytes == 700_000)
        let again = try await store.put(noise(600_000, seed: 1))
        #expect(try await store.put(noise(1_300_000, seed: 3)) == digest(noise(1_300_000, seed: 3)))
        #expect(store.partialBytes == 0)
        #expect(try store.contains(again))
        #expect(stored == again)
    }

    @Test func openingAboveTheQuotaEvicts() async throws {
        let fixture = try Fixture()
        for seed in 1...10 { _ = try await fixture.store.put(noise(100_000, seed: UInt64(seed))) }
        try fixture.store.close()
        var settings = fixture.settings
        settings.quotaBytes = 500_000
        let store = try Fixture.open(fixture.folder, settings)
        try await settle(store)
        #expect(store.usage == (4, 400_000))
        try store.close()
    }

    @Test func clocksThatJump() async throws {
        let clock = ManualStoreClock()
        let fixture = try Fixture {
            $0.quotaBytes = 1_000_000
            $0.highWater = 1
            $0.clock = clock.clock
        }
        let user = try #require(Self.user)
        let pinned = try await fixture.store.put(noise(300_000, seed: 1))
        try await fixture.store.pin([pinned], by: user)
        let hot = try await fixture.store.put(noise(300_000, seed: 2))
        for _ in 0..<5 {
            clock.advance(.seconds(300))
            _ = try await fixture.store.readAll(hot, limit: .max)
        }
        let cold = try await fixture.store.put(noise(300_000, seed: 3))
        for jump in [year, .zero - year - year, .zero - year] {
            clock.jump(jump)
            try fixture.reopen()
            // Nothing is a day old, whatever the calendar says.
            let report = try await fixture.store.collect()
            #expect(report.removedBlobs == 0)
            #expect(report.keptBlobs == 3)
        }
        _ = try await fixture.store.put(noise(300_000, seed: 4))
        #expect(try [pinned, hot, cold].map { try fixture.store.contains($0) } == [true, true, false])
        clock.advance(day)
        clock.advance(.seconds(1))
        let report = try await fixture.store.collect()
        #expect(report.removedBlobs == 2)
        #expect(try fixture.store.contains(pinned))
    }
}
