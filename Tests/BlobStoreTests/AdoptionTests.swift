import Blake3
import Foundation
import GRDB
import Identity
import Logging
import NIOCore
import Synchronization
import Testing

@testable import BlobStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Stores whose index is gone.
@Suite struct AdoptionTests {
    private func loseIndex(_ fixture: Fixture) {
        for suffix in ["", "-wal", "-shm"] { unlink("\(fixture.folder)/blobs.sqlite\(suffix)") }
    }

    private func isAdopting(_ fixture: Fixture) -> Bool { fixture.store.isAdopting.load(ordering: .acquiring) }

    private func adopted(_ fixture: Fixture) async throws -> Bool { try await eventually { !isAdopting(fixture) } }

    @Test func dataFilesGetRowsInANewIndex() async throws {
        let fixture = try Fixture()
        var ids: [BlobID] = []
        let sizes = [100, 16_385, blockBytes, blockBytes + 1, 700_000, 700_001, 700_002, 700_003]
        for (seed, size) in sizes.enumerated() {
            ids.append(try await fixture.store.put(noise(size, seed: UInt64(seed + 1))))
        }
        try fixture.reopen {
            loseIndex(fixture)
            unlink(fixture.dataFile(ids[5]) + ".blocks")
            truncate(fixture.dataFile(ids[6]), 700_000)
            try fixture.flipBit(fixture.dataFile(ids[7]), at: 699_999)
        }
        #expect(try await adopted(fixture))
        #expect(!FileManager.default.fileExists(atPath: "\(fixture.folder)/adopting"))
        #expect(try fixture.store.missing(from: ids) == [ids[0], ids[6], ids[7]])
        #expect(fixture.store.usage == (5, 16_385 + blockBytes + blockBytes + 1 + 700_000 + 700_001))
        for _ in 0..<2 {
            for index in 1...5 {
                #expect(
                    try await fixture.store.readAll(ids[index], limit: .max)
                        == noise(sizes[index], seed: UInt64(index + 1)))
            }
            #expect(try await fixture.store.verifyAll().damagedBlobs == 0)
            // Only what is not what its name says goes.
            let report = try await fixture.store.collect()
            #expect((report.adoptedBlobs, report.removedBlobs) == (0, 0))
            try fixture.reopen()
            #expect(!isAdopting(fixture))
        }
        #expect(try fixture.dataFiles().count == 8)
    }

    @Test func anAdoptionThatWasInterruptedGoesOn() async throws {
        let fixture = try Fixture()
        let ids = [
            try await fixture.store.put(noise(300_000)), try await fixture.store.put(noise(300_000, seed: 2)),
        ]
        try fixture.reopen {
            // As if the process had ended after the first row.
            try Data().write(to: URL(filePath: "\(fixture.folder)/adopting"))
            let queue = try DatabaseQueue(path: "\(fixture.folder)/blobs.sqlite")
            try queue.write {
                try $0.execute(sql: "DELETE FROM blob WHERE id = ?", arguments: [Data(ids[1].digest.bytes)])
                try $0.execute(sql: "UPDATE state SET blobs = 1, bytes = 300000")
            }
            try queue.close()
        }
        #expect(try await adopted(fixture))
        #expect(try fixture.store.missing(from: ids).isEmpty)
        #expect(fixture.store.usage == (2, 600_000))
        #expect(!FileManager.default.fileExists(atPath: "\(fixture.folder)/adopting"))
    }

    @Test func aCollectionDoesNotTakeWhatALostIndexKnew() async throws {
        let fixture = try Fixture()
        var ids: [BlobID] = []
        for seed in 1...40 { ids.append(try await fixture.store.put(noise(40_000, seed: UInt64(seed)))) }
        // The log of the lost file says nothing.
        try fixture.reopen { unlink("\(fixture.folder)/blobs.sqlite") }
        // At once, while files wait for their rows.
        let report = try await fixture.store.collect(CollectionPolicy(minimumAge: day))
        #expect(report.strayFiles == 0)
        #expect(try await adopted(fixture))
        #expect(try fixture.store.missing(from: ids).isEmpty)
        #expect(fixture.store.usage == (40, 1_600_000))
    }

    @Test func anEmptyOrNewFolderHasNothingToAdopt() async throws {
        let fixture = try Fixture()
        #expect(!isAdopting(fixture))
        let id = try await fixture.store.put(noise(50_000))
        #expect(try fixture.store.remove(id))
        try fixture.reopen { loseIndex(fixture) }
        #expect(!isAdopting(fixture))
    }

    @Test func anIndexThatIsNoDatabaseIsRefusedWithAWayOut() async throws {
        let fixture = try Fixture()
        let id = try await fixture.store.put(noise(50_000))
        #expect(
            await code {
                try fixture.reopen {
                    loseIndex(fixture)
                    try Data(repeating: 7, count: 10_000).write(to: URL(filePath: "\(fixture.folder)/blobs.sqlite"))
                }
            } == .indexFailed)
        loseIndex(fixture)
        let store = try Fixture.open(fixture.folder)
        #expect(try await eventually { try store.contains(id) })
        try store.close()
    }

    /// What a copy knows, and what came after it.
    @Test(arguments: ["missing", "missing with its log", "no database", "broken"])
    func aCopyTakesThePlaceOfALostIndex(how: String) async throws {
        let fixture = try Fixture()
        let owner = try #require(PinOwner("user:alice"))
        let small = try await fixture.store.put(noise(100))
        let large = try await fixture.store.put(noise(300_000))
        let gone = try await fixture.store.put(noise(300_000, seed: 2))
        try await fixture.store.pin([small, large], by: owner)
        try await fixture.store.setReferences(of: small, to: [large])
        try await fixture.store.copyIndex()
        // Again, in place of the first one.
        try await fixture.store.copyIndex()
        let later = try await fixture.store.put(noise(300_000, seed: 3))
        let laterSmall = try await fixture.store.put(noise(100, seed: 3))
        try await fixture.store.pin([later], by: owner)
        #expect(try fixture.store.remove(gone))
        let path = "\(fixture.folder)/blobs.sqlite"
        try fixture.reopen {
            switch how {
            case "missing": loseIndex(fixture)
            case "missing with its log":
                // Of another file: what is in it must not get into the copy.
                unlink(path)
                try Data(repeating: 7, count: 10_000).write(to: URL(filePath: "\(path)-wal"))
            case "no database":
                loseIndex(fixture)
                try Data(repeating: 7, count: 10_000).write(to: URL(filePath: path))
            default:
                // What a log beside the file holds would be read instead of it.
                let queue = try DatabaseQueue(path: path)
                try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
                try queue.close()
                let file = try FileHandle(forUpdating: URL(filePath: path))
                let length = try file.seekToEnd()
                try file.seek(toOffset: 4_096)
                try file.write(contentsOf: Data(repeating: 0xFF, count: Int(length) - 4_096))
                try file.close()
            }
        }
        #expect(try await adopted(fixture))
        #expect(FileManager.default.fileExists(atPath: "\(path).damaged") == ["no database", "broken"].contains(how))
        #expect(!FileManager.default.fileExists(atPath: "\(fixture.folder)/blobs.copy"))
        #expect(try fixture.store.pinned(by: owner, limit: 10) == [small, large].sorted())
        #expect(try fixture.store.references(of: small) == [large])
        #expect(try await fixture.store.readAll(small, limit: .max) == noise(100))
        #expect(try await fixture.store.readAll(large, limit: .max) == noise(300_000))
        #expect(try await fixture.store.readAll(later, limit: .max) == noise(300_000, seed: 3))
        #expect(try !fixture.store.contains(laterSmall))
        // Its row is older than its removal: the first reader finds out.
        #expect(await code { _ = try await fixture.store.readAll(gone, limit: .max) } == .corrupt)
        #expect(try !fixture.store.contains(gone))
        #expect(try await fixture.store.index.check(timeLimit: .seconds(60)) == [])
    }

    @Test func aCopyNeedsRoomAndAnOpenStore() async throws {
        let fixture = try Fixture()
        let id = try await fixture.store.put(noise(100))
        try await fixture.store.copyIndex()
        let full = try Fixture(folder: fixture.folder + "-full") { $0.reserveBytes = .max }
        #expect(await code { try await full.store.copyIndex() } == .diskFull)
        #expect(try fixture.names(in: "tmp").isEmpty)
        try fixture.store.close()
        #expect(await code { try await fixture.store.copyIndex() } == .closed)
        loseIndex(fixture)
        let store = try Fixture.open(fixture.folder)
        #expect(try await store.readAll(id, limit: .max) == noise(100))
        try store.close()
    }

    @Test func theScrubberMakesCopies() async throws {
        let clock = ManualStoreClock()
        let fixture = try Fixture { $0.clock = clock.clock }
        _ = try await fixture.store.put(noise(100))
        var settings = ScrubSettings()
        settings.passInterval = day * 30
        let scrubber = Scrubber(
            store: fixture.store, settings: settings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        // The first pass ends with one.
        for _ in 0..<100 where scrubber.progress.passes == 0 {
            _ = try await scrubber.step()
            clock.advance(.seconds(1))
        }
        #expect(scrubber.progress.indexCopies == 1)
        for copies in 2...4 {
            clock.advance(.seconds(3_590))
            _ = try await scrubber.step()
            #expect(scrubber.progress.indexCopies == copies - 1)
            clock.advance(.seconds(20))
            for _ in 0..<2 { _ = try await scrubber.step() }
            #expect(scrubber.progress.indexCopies == copies)
        }
        #expect(FileManager.default.fileExists(atPath: "\(fixture.folder)/blobs.copy"))
    }
}
