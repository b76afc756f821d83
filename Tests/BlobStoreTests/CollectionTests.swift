import Blake3
import Foundation
import GRDB
import Identity
import NIOCore
import Synchronization
import Testing

@testable import BlobStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

@Suite struct CollectionTests {
    @Test func whatNobodyUsedGoes() async throws {
        let clock = ManualStoreClock()
        let fixture = try Fixture { $0.clock = clock.clock }
        let store = fixture.store
        let user = try #require(PinOwner("user"))
        var ids: [BlobID] = []
        for (seed, size) in [300, 50_000, 400_000, 301, 50_001].enumerated() {
            ids.append(try await store.put(noise(size, seed: UInt64(seed + 1))))
        }
        try await store.pin([ids[3]], by: user)
        clock.advance(.seconds(86_399))
        #expect(try await store.collect().removedBlobs == 0)
        _ = try await store.readAll(ids[4], limit: .max)
        let hold = store.hold(ids[1])
        clock.advance(.seconds(1))
        let planned = try await store.collect(CollectionPolicy(isDryRun: true))
        #expect((planned.removedBlobs, planned.removedBytes) == (2, 400_300))
        #expect((planned.keptBlobs, planned.keptBytes) == (3, 100_302))
        // One was read a second ago; the others that stay are pinned and held.
        #expect((planned.youngBlobs, planned.youngBytes) == (1, 50_001))
        #expect(store.usage.blobs == 5)
        var report = try await store.collect()
        #expect((report.removedBlobs, report.removedBytes, report.keptBlobs) == (2, 400_300, 3))
        #expect(try ids.map { try store.contains($0) } == [false, true, false, true, true])
        #expect(try fixture.dataFiles().count == 2)
        hold.release()
        report = try await store.collect()
        #expect(report.removedBlobs == 1)
        report = try await store.collect(CollectionPolicy(minimumAge: .zero))
        #expect((report.removedBlobs, report.youngBlobs) == (1, 0))
        #expect(try store.contains(ids[3]))
        #expect(try fixture.names(in: "tmp").isEmpty)
    }

    @Test func filesAndRowsThatLackEachOther() async throws {
        let fixture = try Fixture()
        let store = fixture.store
        let kept = try await store.put(noise(700_000, seed: 1))
        let lost = try await store.put(noise(700_000, seed: 2))
        let stray = try await store.put(noise(700_000, seed: 3))
        let orphan = try await store.put(noise(700_000, seed: 4))
        let user = try #require(PinOwner("user"))
        try await store.pin([lost], by: user)
        let damages = store.damages()
        try fixture.reopen {
            unlink(fixture.dataFile(lost))
            let queue = try DatabaseQueue(path: "\(fixture.folder)/blobs.sqlite")
            try queue.write {
                for id in [stray, orphan] {
                    try $0.execute(sql: "DELETE FROM blob WHERE id = ?", arguments: [Data(id.digest.bytes)])
                }
            }
            try queue.close()
            try fixture.flipBit(fixture.dataFile(stray), at: 699_999)
            try Data([1]).write(to: URL(filePath: fixture.dataFile(kept) + ".mine"))
        }
        for await _ in damages { Issue.record("a closed store found something") }
        let news = fixture.store.damages()
        var report = try await fixture.store.collect(CollectionPolicy(isDryRun: true))
        #expect((report.strayFiles, report.strayBytes) == (1, 700_096))
        #expect((report.lostBlobs, report.lostBytes) == (1, 700_000))
        #expect((report.adoptedBlobs, report.adoptedBytes) == (1, 700_000))
        #expect(try fixture.dataFiles().count == 8)
        #expect(try !fixture.store.contains(orphan))
        report = try await fixture.store.collect()
        #expect((report.strayFiles, report.strayBytes) == (1, 700_096))
        #expect((report.lostBlobs, report.lostBytes) == (1, 700_000))
        #expect((report.adoptedBlobs, report.adoptedBytes) == (1, 700_000))
        // The files of the blobs that stay, and the one that is not the store's.
        #expect(try fixture.dataFiles().count == 5)
        #expect(try await fixture.store.readAll(orphan, limit: .max) == noise(700_000, seed: 4))
        #expect(try fixture.store.pins(of: lost) == [user])
        var iterator = news.makeAsyncIterator()
        #expect(await iterator.next() == DamagedBlob(id: lost, reason: "is missing"))
        report = try await fixture.store.collect()
        #expect(report.strayFiles + report.lostBlobs + report.adoptedBlobs == 0)
        #expect(try await fixture.store.readAll(kept, limit: .max) == noise(700_000, seed: 1))
    }

    @Test func unfinishedBlobsThatWereGivenUp() async throws {
        let fixture = try Fixture()
        let store = fixture.store
        let bytes = noise(700_000)
        let assembly = try store.assemble(digest(bytes), byteCount: 700_000, blockValues: values(of: bytes))
        try await assembly.write(block: 0, blocks(of: bytes)[0])
        let all = CollectionPolicy(partialAge: .zero)
        #expect(try await store.collect(all).removedPartials == 0)
        await assembly.suspend()
        #expect(try await store.collect().removedPartials == 0)
        #expect(try await store.collect(CollectionPolicy(partialAge: .zero, isDryRun: true)).removedPartials == 1)
        #expect(store.partialBytes == 700_000)
        let report = try await store.collect(all)
        #expect((report.removedPartials, report.removedPartialBytes) == (1, 700_000))
        #expect(store.partialBytes == 0)
    }

    @Test func aClockThatIsSetDoesNotAgeUnfinishedBlobs() async throws {
        let clock = ManualStoreClock()
        let fixture = try Fixture { $0.clock = clock.clock }
        let bytes = noise(700_000)
        let assembly = try fixture.store.assemble(digest(bytes), byteCount: 700_000, blockValues: values(of: bytes))
        try await assembly.write(block: 0, blocks(of: bytes)[0])
        await assembly.suspend()
        clock.jump(year)
        #expect(try await fixture.store.collect().removedPartials == 0)
        clock.jump(.zero - year - year)
        #expect(try await fixture.store.collect().removedPartials == 0)
        clock.advance(.seconds(4 * 86_400))
        #expect(try await fixture.store.collect().removedPartials == 0)
        // The time that the store was open counts over all its openings, to the second.
        try fixture.reopen()
        clock.advance(.seconds(3 * 86_400 - 1))
        #expect(try await fixture.store.collect().removedPartials == 0)
        clock.advance(.seconds(1))
        #expect(try await fixture.store.collect().removedPartials == 1)
    }

    @Test func mapsOfTheOldFormGrowOldFromTheOpeningOn() async throws {
        let clock = ManualStoreClock()
        let fixture = try Fixture { $0.clock = clock.clock }
        let bytes = noise(700_000)
        let id = digest(bytes)
        let assembly = try fixture.store.assemble(id, byteCount: 700_000, blockValues: values(of: bytes))
        try await assembly.write(block: 0, blocks(of: bytes)[0])
        await assembly.suspend()
        try fixture.reopen {
            var map = PartialMap(byteCount: 700_000, updatedAtMilliseconds: 5, held: BlockSet(blockCount: 3))
            map.held.insert(0)
            map.usedMilliseconds = nil
            try Data(map.bytes(of: id)).write(to: URL(filePath: "\(fixture.folder)/partial/\(id.hex).map"))
        }
        #expect(try fixture.store.partial(id)?.held.count == 1)
        clock.advance(.seconds(7 * 86_400 - 1))
        #expect(try await fixture.store.collect().removedPartials == 0)
        clock.advance(.seconds(1))
        #expect(try await fixture.store.collect().removedPartials == 1)
    }

    @Test func oneAtATime() async throws {
        let fixture = try Fixture()
        fixture.store.isCollecting.store(true, ordering: .relaxed)
        #expect(await code { _ = try await fixture.store.collect() } == .sessionBusy)
        fixture.store.isCollecting.store(false, ordering: .relaxed)
        _ = try await fixture.store.collect()
        _ = try await fixture.store.put(noise(5))
        for (age, expected) in [(Duration.seconds(Int64.max), 0), (.seconds(Int64.min), 1)] {
            let report = try await fixture.store.collect(CollectionPolicy(minimumAge: age, partialAge: age))
            #expect(report.removedBlobs == expected)
        }
    }

    @Test func aPinThatReturnsInTimeWins() async throws {
        let fixture = try Fixture()
        let store = fixture.store
        let user = try #require(PinOwner("user"))
        for seed in 1...40 as ClosedRange<UInt64> {
            let bytes = noise(30_000, seed: seed)
            let id = try await store.put(bytes)
            let stat = try #require(try store.stat(id))
            async let removal = Task.detached {
                try store.removals.withLock { _ in try store.removeUnprotected([stat], usedUntil: .max) }
            }.value
            try await store.pin([id], by: user)
            let isHere = try store.contains(id)
            let removed = try await removal
            #expect(isHere == removed.isEmpty)
            #expect(try store.contains(id) == isHere)
            #expect((store.folder.inode(id) != nil) == isHere)
        }
        #expect(try fixture.names(in: "tmp").isEmpty)
    }

    /// Everything at once, by a seed: what was promised and is protected stays, files and rows never disagree.
    @Test(arguments: [1, 2, 3] as [UInt64]) func torture(seed: UInt64) async throws {
        let fixture = try Fixture {
            $0.quotaBytes = 6_000_000
            $0.statCount = 20
        }
        let store = fixture.store
        let user = try #require(PinOwner("user"))
        // Each task has pins of its own blobs; all of them store, read, evict and remove the common ones too.
        let kept = try await withThrowingTaskGroup(of: [BlobID].self) { group in
            for task in 0..<6 as Range<UInt64> {
                group.addTask { try await Self.tortureTask(task, seed: seed, store, user) }
            }
            group.addTask {
                for _ in 0..<12 {
                    _ = try await store.collect(CollectionPolicy(minimumAge: .zero))
                    try await Task.sleep(for: .milliseconds(5))
                }
                return []
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        for _ in 0..<2 {
            #expect(try await fixture.store.verifyAll().damagedBlobs == 0, "seed \(seed)")
            #expect(try fixture.store.missing(from: kept).isEmpty, "seed \(seed)")
            let report = try await fixture.store.collect(CollectionPolicy(isDryRun: true))
            #expect(report.strayFiles + report.lostBlobs == 0, "seed \(seed)")
            #expect(try fixture.names(in: "tmp").isEmpty, "seed \(seed)")
            let rows = try fixture.store.listing(limit: .max).compactMap(\.stat)
            #expect(fixture.store.usage == (rows.count, rows.reduce(0) { $0 + $1.byteCount }), "seed \(seed)")
            #expect(fixture.store.state.space.withLock { $0.claimedBytes + $0.landing.count } == 0, "seed \(seed)")
            try fixture.reopen()
        }
    }

    private static func tortureTask(
        _ task: UInt64, seed: UInt64, _ store: BlobStore, _ owner: PinOwner
    ) async throws -> [BlobID] {
        var random = SplitMix(seed: seed * 100 + task)
        var kept: [BlobID] = []
        for step in 0..<60 {
            let isOwn = random.next() % 3 == 0
            let number = isOwn ? 1_000 + task * 100 + UInt64(step) : random.next() % 12
            let bytes = Self.numbered(number, count: [300, 40_000, 300_000][Int(number % 3)])
            let id = digest(bytes)
            do {
                switch random.next() % 8 {
                case 0...2 where isOwn:
                    try await store.pin([id], by: owner)
                    _ = try await store.put(bytes)
                    kept.append(id)
                case 3 where !kept.isEmpty:
                    let loose = kept.removeFirst()
                    try await store.unpin([loose], by: owner)
                case 4 where !isOwn: try store.remove(id)
                case 5: _ = try store.evict(200_000)
                case 6:
                    let found = try await store.readAll(id, limit: .max)
                    #expect(found == bytes, "seed \(seed)")
                case 7 where bytes.readableBytes > blockBytes:
                    let assembly = try store.assemble(
                        id, byteCount: bytes.readableBytes, blockValues: values(of: bytes))
                    for (index, block) in blocks(of: bytes).enumerated() {
                        try await assembly.write(block: index, block)
                    }
                    try await assembly.finish()
                default: _ = try await store.put(bytes)
                }
            } catch let error as BlobStoreError {
                let allowed: [BlobStoreError.Code] = [.notFound, .sessionBusy, .quotaExceeded]
                #expect(allowed.contains(error.code), "seed \(seed): \(error)")
                if error.code == .quotaExceeded { try await store.unpin([id], by: owner) }
            }
        }
        return kept
    }

    /// Bytes that are made faster than noise.
    private static func numbered(_ number: UInt64, count: Int) -> ByteBuffer {
        var bytes = ByteBuffer(integer: number)
        bytes.writeRepeatingByte(UInt8(truncatingIfNeeded: number), count: count)
        return bytes
    }
}
