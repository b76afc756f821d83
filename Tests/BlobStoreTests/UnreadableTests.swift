import Foundation
import GRDB
import Identity
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import BlobStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Sectors that the disk cannot read.
@Suite struct UnreadableTests {
    private let disk = ManualFaults()

    private func fixture() throws -> Fixture { try Fixture { $0.faults = disk.faults } }

    @Test(arguments: [(50_000, ""), (700_000, ""), (700_000, ".blocks")])
    func anUnreadableFileIsDamage(size: Int, suffix: String) async throws {
        let fixture = try fixture()
        let store = fixture.store
        let id = try await store.put(noise(size))
        let damages = store.damages()
        disk.onReading { $0.hasSuffix(id.hex + suffix) ? EIO : nil }
        #expect(await code { _ = try await store.block(id, 0) } == .corrupt)
        #expect(try !store.contains(id))
        #expect(try fixture.dataFiles().isEmpty)
        #expect(try fixture.names(in: "corrupt").map { String($0.prefix(64)) } == [id.hex])
        var iterator = damages.makeAsyncIterator()
        let damage = try #require(await iterator.next())
        #expect(damage.id == id)
        #expect(damage.reason.hasPrefix("cannot be read from the disk"))
        disk.clear()
        #expect(try await store.put(noise(size)) == id)
        #expect(try await store.readAll(id, limit: size) == noise(size))
    }

    @Test func theScrubberDropsAndReportsWhatItCannotRead() async throws {
        let fixture = try fixture()
        let store = fixture.store
        let whole = try await store.put(noise(700_000))
        let unreadable = try await store.put(noise(700_000, seed: 2))
        let busy = try await store.put(noise(700_000, seed: 3))
        let damages = store.damages()
        disk.onReading { path in
            if path.hasSuffix(unreadable.hex) { return EIO }
            return path.hasSuffix(busy.hex) ? ENOMEM : nil
        }
        var settings = ScrubSettings()
        settings.bytesPerSecond = 1 << 50
        settings.yieldTime = .zero
        let scrubber = Scrubber(
            store: store, settings: settings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        while scrubber.progress.passes == 0 { _ = try? await scrubber.step() }
        #expect(scrubber.progress.blobs == 1)
        #expect(scrubber.progress.damagedBlobs == 1)
        #expect(scrubber.progress.unreadableBlobs == 1)
        #expect(try store.missing(from: [whole, unreadable, busy]) == [unreadable])
        var iterator = damages.makeAsyncIterator()
        #expect(await iterator.next()?.id == unreadable)
    }

    @Test func verifyingAllGoesOnBehindWhatItCannotRead() async throws {
        let fixture = try fixture()
        let store = fixture.store
        var ids: [BlobID] = []
        for seed in 1...4 { ids.append(try await store.put(noise(300_000, seed: UInt64(seed)))) }
        ids.sort()
        let (unreadable, busy) = (ids[0], ids[1])
        disk.onReading { path in
            if path.hasSuffix(unreadable.hex) { return EIO }
            return path.hasSuffix(busy.hex) ? ENOMEM : nil
        }
        let report = try await store.verifyAll()
        #expect((report.blobs, report.damagedBlobs, report.unreadableBlobs) == (4, 1, 1))
        #expect(report.bytes == 600_000)
        #expect(report.damaged.map(\.id) == [unreadable])
        #expect(report.unreadable.map(\.id) == [busy])
        #expect(try store.contains(busy))
        #expect(await code { _ = try await store.verify(busy) } == .ioFailed)
    }

    @Test func unreadableBlocksOfUnfinishedBlobsAreWrittenAgain() async throws {
        let fixture = try fixture()
        let bytes = noise(600_000)
        let id = digest(bytes)
        let parts = blocks(of: bytes)
        let first = try fixture.store.assemble(id, byteCount: 600_000, blockValues: values(of: bytes))
        for (index, part) in parts.enumerated() { try await first.write(block: index, part) }
        await first.suspend()
        try fixture.reopen()
        disk.onReading { $0.hasSuffix("/partial/\(id.hex)") ? EIO : nil }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        #expect(await code { _ = try await fixture.store.heldBlock(id, 0, on: loop).get() } == .corrupt)
        let again = try fixture.store.assemble(id, byteCount: 600_000, blockValues: values(of: bytes))
        #expect(again.held.count == 2)
        #expect(await code { try await again.finish() } == .incomplete)
        try await again.write(block: 0, parts[0])
        #expect(await code { try await again.finish() } == .incomplete)
        #expect(again.held.count == 1)
        disk.clear()
        for (index, part) in parts.enumerated() { try await again.write(block: index, part) }
        try await again.finish()
        #expect(try await fixture.store.readAll(id, limit: .max) == bytes)
    }

    @Test func theIndexIsLookedThroughAtTheEndOfAPass() async throws {
        let fixture = try Fixture()
        for seed in 1...100 { _ = try await fixture.store.put(noise(12_000, seed: UInt64(seed))) }
        #expect(try await fixture.store.index.check(timeLimit: .seconds(60)) == [])
        try fixture.reopen {
            // What a log beside the file holds would be read instead of it.
            let queue = try DatabaseQueue(path: "\(fixture.folder)/blobs.sqlite")
            try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
            try queue.close()
            let file = try FileHandle(forUpdating: URL(filePath: "\(fixture.folder)/blobs.sqlite"))
            let pages = try file.seekToEnd() / 4096
            for page in (pages / 2)..<(pages / 2 + 8) {
                try file.seek(toOffset: page * 4096)
                try file.write(contentsOf: Data(repeating: 0xFF, count: 4096))
            }
            try file.close()
        }
        let problems = try #require(try await fixture.store.index.check(timeLimit: .seconds(60)))
        #expect(!problems.isEmpty)
        #expect(problems.count <= BlobIndex.maxProblems)
        var settings = ScrubSettings()
        settings.bytesPerSecond = 1 << 50
        let scrubber = Scrubber(
            store: fixture.store, settings: settings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        for _ in 0..<2_000 where scrubber.progress.passes == 0 { _ = try? await scrubber.step() }
        #expect(scrubber.progress.indexProblems > 0)
        #expect(scrubber.progress.indexCopies == 0)
        let store = fixture.store
        let check = Task { try await store.index.check(timeLimit: .seconds(60)) }
        check.cancel()
        // It may have been through before.
        if case .failure(let error) = await check.result { #expect(error is CancellationError) }
        let copy = Task { try await store.copyIndex() }
        copy.cancel()
        _ = await copy.result
        #expect(try fixture.names(in: "tmp").isEmpty)
        try fixture.store.close()
        #expect(await code { _ = try await fixture.store.index.check(timeLimit: .seconds(60)) } == .closed)
    }
}
