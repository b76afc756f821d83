import Foundation
import Identity
import Logging
import NIOCore
import Testing

@testable import BlobStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

@Suite struct ScrubPlanTests {
    private let stat = BlobStat(
        id: digest(noise(9)), byteCount: 3 * blockBytes, createdAtMilliseconds: 0, isInline: false)

    private func settings(_ rate: Int?) -> ScrubSettings {
        var settings = ScrubSettings()
        settings.bytesPerSecond = rate
        return settings
    }

    @Test func aPassAndTheRestAfterIt() {
        var plan = ScrubPlan(settings(blockBytes), resuming: nil, at: 1_000)
        #expect(plan.step(at: 1_000, foregroundReads: 0) == .find(after: nil))
        plan.found(stat)
        for block in 0..<3 {
            let now = 1_000 + Int64(block) * 1_000
            #expect(plan.step(at: now, foregroundReads: 0) == .read(stat, block: block))
            plan.checked(blockBytes, at: now, storeBytes: 0)
            let rest = block < 2 ? 1_000 : 1_015
            #expect(plan.step(at: now, foregroundReads: 0) == .rest(milliseconds: Int64(rest)))
        }
        #expect(plan.step(at: 4_015, foregroundReads: 0) == .find(after: stat.id))
        plan.found(nil)
        let end = ScrubPosition(beganMilliseconds: 1_000, after: stat.id, isFinished: true)
        #expect(plan.step(at: 4_020, foregroundReads: 0) == .save(end))
        #expect(plan.step(at: 4_020, foregroundReads: 0) == .rest(milliseconds: ScrubPlan.maxRest))
        #expect(plan.step(at: 4_021, foregroundReads: 0) == .rest(milliseconds: ScrubPlan.maxRest))
        let next = 1_000 + 86_400_000 as Int64
        #expect(
            plan.step(at: next, foregroundReads: 0)
                == .save(ScrubPosition(beganMilliseconds: 1_000, after: stat.id, isFinished: true)))
        #expect(plan.step(at: next, foregroundReads: 0) == .find(after: nil))
        #expect(plan.position == ScrubPosition(beganMilliseconds: next))
    }

    @Test func resumesInTheMiddleOfABlob() {
        let position = ScrubPosition(beganMilliseconds: 5, after: digest(noise(1)), current: stat.id, block: 2)
        var plan = ScrubPlan(settings(nil), resuming: position, at: 10)
        #expect(plan.step(at: 10, foregroundReads: 0) == .find(after: digest(noise(1))))
        plan.found(stat)
        #expect(plan.step(at: 10, foregroundReads: 0) == .read(stat, block: 2))
        // Another blob in its place begins at its beginning, and so does one that is shorter than was noted.
        let other = BlobStat(id: digest(noise(2)), byteCount: 1, createdAtMilliseconds: 0, isInline: true)
        plan = ScrubPlan(settings(nil), resuming: position, at: 10)
        plan.found(other)
        #expect(plan.step(at: 10, foregroundReads: 0) == .read(other, block: 0))
        var beyond = position
        beyond.block = .max
        plan = ScrubPlan(settings(nil), resuming: beyond, at: 10)
        plan.found(stat)
        #expect(plan.step(at: 10, foregroundReads: 0) == .read(stat, block: 0))
    }

    @Test(arguments: [Int64.min, -1, 11, .max])
    func whatADamagedIndexSaysOfThePassIsNotBelieved(began: Int64) {
        let position = ScrubPosition(beganMilliseconds: began, isFinished: true)
        var plan = ScrubPlan(settings(nil), resuming: position, at: 10)
        let believed = plan.position
        #expect((0...10).contains(believed.beganMilliseconds))
        #expect(plan.step(at: 10, foregroundReads: 0) == .rest(milliseconds: ScrubPlan.maxRest))
        #expect(plan.step(at: 86_400_010, foregroundReads: 0) == .save(believed))
        #expect(plan.step(at: 86_400_010, foregroundReads: 0) == .find(after: nil))
    }

    @Test func readersGoFirstButNotForEver() {
        var plan = ScrubPlan(settings(.max), resuming: nil, at: 0)
        plan.found(stat)
        #expect(plan.step(at: 0, foregroundReads: 1) == .rest(milliseconds: 100))
        #expect(plan.step(at: 100, foregroundReads: 2) == .read(stat, block: 0))
        plan.checked(blockBytes, at: 100, storeBytes: 0)
        #expect(plan.step(at: 100, foregroundReads: 2) == .rest(milliseconds: 100))
        #expect(plan.step(at: 200, foregroundReads: 2) == .read(stat, block: 1))
    }

    @Test func theRateFollowsTheStore() {
        func rest(storeBytes: Int) -> ScrubPlan.Step {
            var plan = ScrubPlan(settings(nil), resuming: nil, at: 0)
            plan.found(stat)
            plan.checked(blockBytes, at: 0, storeBytes: storeBytes)
            return plan.step(at: 0, foregroundReads: 0)
        }
        #expect(rest(storeBytes: 1 << 30) == .rest(milliseconds: 31))
        // 40 TB in 30 days are 15 MB/s.
        #expect(rest(storeBytes: 40_000_000_000_000) == .rest(milliseconds: 16))
        #expect(rest(storeBytes: .max) == .read(stat, block: 1))
    }
}

@Suite struct ScrubTests {
    private func scrubber(_ store: BlobStore) -> Scrubber {
        var settings = ScrubSettings()
        settings.bytesPerSecond = 1 << 50
        settings.yieldTime = .zero
        return Scrubber(
            store: store, settings: settings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test func damageIsFoundSetAsideAndReported() async throws {
        let fixture = try Fixture()
        let store = fixture.store
        var ids: [BlobID] = []
        for (seed, size) in [200, 40_000, 700_000, 700_001, 41_000].enumerated() {
            ids.append(try await store.put(noise(size, seed: UInt64(seed + 1))))
        }
        let user = try #require(PinOwner("user"))
        try await store.pin(ids, by: user)
        try fixture.flipBit(fixture.dataFile(ids[2]), at: 600_000)
        unlink(fixture.dataFile(ids[4]))
        let damages = store.damages()
        let scrubber = scrubber(store)
        while scrubber.progress.passes == 0 { _ = try await scrubber.step() }
        #expect(scrubber.progress.blobs == 3)
        #expect(scrubber.progress.damagedBlobs == 2)
        var found: Set<BlobID> = []
        var iterator = damages.makeAsyncIterator()
        for _ in 0..<2 { if let damage = await iterator.next() { found.insert(damage.id) } }
        #expect(found == [ids[2], ids[4]])
        #expect(try store.missing(from: ids) == [ids[2], ids[4]])
        #expect(try store.pins(of: ids[2]) == [user])
        #expect(try fixture.names(in: "corrupt").map { String($0.prefix(64)) } == [ids[2].hex])
        // What is fetched again is protected as before.
        _ = try await store.put(noise(700_000, seed: 3))
        #expect(store.protectedUsage == (4, 200 + 40_000 + 700_000 + 700_001))
    }

    @Test func itGoesOnAfterARestart() async throws {
        let fixture = try Fixture()
        for seed in 1...6 { _ = try await fixture.store.put(noise(700_000, seed: UInt64(seed))) }
        var scrubber = scrubber(fixture.store)
        for _ in 0..<9 { _ = try await scrubber.step() }
        let done = scrubber.progress.blobs
        #expect(done == 2)
        // A position is saved from time to time; here by hand.
        let ids = try fixture.store.list(after: nil, limit: 10).map(\.id)
        let position = ScrubPosition(beganMilliseconds: 0, after: ids[1], current: ids[2], block: 1)
        _ = try await fixture.store.change(.scrub(position))
        try fixture.reopen()
        #expect(try fixture.store.index.scrubPosition() == position)
        scrubber = self.scrubber(fixture.store)
        while scrubber.progress.passes == 0 { _ = try await scrubber.step() }
        #expect(scrubber.progress.blobs == 4)
        #expect(scrubber.progress.bytes == 4 * 700_000 - blockBytes)
        #expect(try await scrubber.step() == 0)
        #expect(try fixture.store.index.scrubPosition()?.isFinished == true)
        #expect(try await scrubber.step() == ScrubPlan.maxRest)
    }

    @Test func runningEndsWithTheStoreOrTheTask() async throws {
        let fixture = try Fixture()
        _ = try await fixture.store.put(noise(700_000))
        let scrubber = scrubber(fixture.store)
        let running = Task { await scrubber.run() }
        while scrubber.progress.passes == 0 { try await Task.sleep(for: .milliseconds(1)) }
        running.cancel()
        await running.value
        try fixture.store.close()
        await scrubber.run()
    }

    @Test func verifyingOneAndAll() async throws {
        let fixture = try Fixture()
        let store = fixture.store
        let whole = try await store.put(noise(700_000))
        let small = try await store.put(noise(70))
        let damaged = try await store.put(noise(600_000, seed: 2))
        try fixture.flipBit(fixture.dataFile(damaged), at: 0)
        #expect(try await store.verify(whole) == .whole(byteCount: 700_000))
        #expect(try await store.verify(small) == .whole(byteCount: 70))
        #expect(try await store.verify(digest(noise(1))) == .absent)
        let report = try await store.verifyAll { #expect($0.blobs > 0) }
        #expect((report.blobs, report.bytes, report.damagedBlobs) == (3, 700_070, 1))
        #expect(report.damaged.map(\.id) == [damaged])
        #expect(try await store.verify(damaged) == .absent)
        #expect(try await store.verifyAll().blobs == 2)
    }

    @Test func damagedFilesAreKeptWithinBounds() async throws {
        let fixture = try Fixture { $0.corruptBytes = 100_000 }
        for seed in 1...5 {
            let id = try await fixture.store.put(noise(40_000, seed: UInt64(seed)))
            try fixture.flipBit(fixture.dataFile(id), at: 5)
            _ = try await fixture.store.verify(id)
            #expect(try fixture.names(in: "corrupt").count == min(seed, 2))
            #expect(try fixture.names(in: "corrupt").contains { $0.hasPrefix(id.hex) })
        }
        for number in 0...StoreFolder.maxCorruptFiles {
            try Data().write(to: URL(filePath: "\(fixture.folder)/corrupt/\(number)"))
        }
        fixture.store.folder.trimCorrupt(maxBytes: .max)
        #expect(try fixture.names(in: "corrupt").count == StoreFolder.maxCorruptFiles)
        fixture.store.folder.trimCorrupt(maxBytes: -1)
    }
}
