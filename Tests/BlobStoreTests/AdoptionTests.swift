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
}
