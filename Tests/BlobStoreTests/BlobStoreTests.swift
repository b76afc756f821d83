import Blake3
import BlobStore
import Foundation
import GRDB
import Identity
import Logging
import NIOCore
import NIOPosix
import Testing

@Suite struct BlobStoreTests {
    static let sizes = [
        0, 1, 16_384, 16_385, blockBytes - 1, blockBytes, blockBytes + 1, 2 * blockBytes, 5 * blockBytes + 77,
    ]

    @Test(arguments: sizes) func whatIsPutComesBack(size: Int) async throws {
        let fixture = try Fixture()
        let bytes = noise(size)
        let id = try await fixture.store.put(bytes)
        #expect(id == digest(bytes))
        for _ in 0..<2 {
            let stat = try #require(try fixture.store.stat(id))
            #expect(stat.byteCount == size)
            #expect(stat.createdAtMilliseconds > 1_700_000_000_000)
            #expect(try await fixture.store.readAll(id, limit: size) == bytes)
            for (index, block) in blocks(of: bytes).enumerated() {
                #expect(try await fixture.store.block(id, index) == block)
            }
            #expect(try fixture.store.blockValues(id) == values(of: bytes))
            #expect(fixture.store.hot(id) == (size <= blockBytes ? bytes : nil))
            #expect(fixture.store.usage == (1, size))
            try fixture.reopen()
        }
        let isFile = size > fixture.settings.inlineLimitBytes
        #expect(try fixture.dataFiles().count == (isFile ? (size > blockBytes ? 2 : 1) : 0))
        #expect(try fixture.names(in: "tmp").isEmpty)
    }

    @Test func unknownBlobsAndBlocks() async throws {
        let fixture = try Fixture()
        let unknown = digest(noise(3))
        #expect(try fixture.store.stat(unknown) == nil)
        #expect(try !fixture.store.contains(unknown))
        #expect(fixture.store.hot(unknown) == nil)
        #expect(try fixture.store.blockValues(unknown) == nil)
        #expect(try !fixture.store.remove(unknown))
        #expect(await code { _ = try await fixture.store.block(unknown, 0) } == .notFound)
        #expect(await code { _ = try await fixture.store.readAll(unknown, limit: 1) } == .notFound)
        let id = try await fixture.store.put(noise(300_000))
        for index in [-1, 2, .max, .min] {
            #expect(await code { _ = try await fixture.store.block(id, index) } == .badBlock)
        }
        #expect(await code { _ = try await fixture.store.readAll(id, limit: 299_999) } == .tooLarge)
    }

    @Test func missingAndListing() async throws {
        let fixture = try Fixture { $0.statCount = 3 }
        var stored: [BlobID] = []
        for size in 1...20 { stored.append(try await fixture.store.put(noise(size))) }
        let absent = (21...1500).map { digest(noise($0)) }
        #expect(try fixture.store.missing(from: absent + stored + [absent[0]]) == absent)
        #expect(try fixture.store.missing(from: []).isEmpty)
        var listed: [BlobID] = []
        while true {
            let page = try fixture.store.list(after: listed.last, limit: 7)
            if page.isEmpty { break }
            listed += page.map(\.id)
        }
        #expect(listed == stored.sorted())
        #expect(try fixture.store.list(after: nil, limit: -1).isEmpty)
        #expect(fixture.store.usage == (20, 210))
    }

    @Test func removedBlobsAreGone() async throws {
        let fixture = try Fixture()
        for size in [10, 100_000, 600_000] {
            let bytes = noise(size)
            for _ in 0..<2 {
                let id = try await fixture.store.put(bytes)
                _ = try await fixture.store.readAll(id, limit: size)
                #expect(try fixture.store.remove(id))
                #expect(try !fixture.store.contains(id))
                #expect(fixture.store.hot(id) == nil)
                #expect(await code { _ = try await fixture.store.block(id, 0) } == .notFound)
            }
        }
        #expect(try fixture.dataFiles().isEmpty)
        #expect(try fixture.names(in: "tmp").isEmpty)
        #expect(fixture.store.usage == (0, 0))
    }

    @Test func aSecondOpenIsRefused() async throws {
        let fixture = try Fixture()
        #expect(await code { _ = try Fixture.open(fixture.folder) } == .folderInUse)
        try fixture.reopen()
    }

    @Test func aClosedStoreRefuses() async throws {
        let fixture = try Fixture()
        let store = fixture.store
        let id = try await store.put(noise(100_000))
        let ingest = try store.ingest(expecting: nil, sizeHint: nil)
        try store.close()
        try store.close()
        #expect(store.hot(id) == nil)
        #expect(await code { _ = try store.stat(id) } == .closed)
        #expect(await code { _ = try store.missing(from: [id]) } == .closed)
        #expect(await code { _ = try await store.put(noise(5)) } == .closed)
        #expect(await code { _ = try await store.put(noise(50_000)) } == .closed)
        #expect(await code { _ = try await store.block(id, 0) } == .closed)
        #expect(await code { try await ingest.write(noise(300_000)) } == .closed)
        #expect(await code { _ = try store.remove(id) } == .closed)
    }

    @Test func closingWhileStoringLosesNothingThatWasPromised() async throws {
        let fixture = try Fixture()
        let store = fixture.store
        let promised = try await withThrowingTaskGroup(of: BlobID?.self) { group in
            for seed in 1...60 {
                group.addTask {
                    do {
                        return try await store.put(noise(seed % 2 == 0 ? 500 : 50_000, seed: UInt64(seed)))
                    } catch let error as BlobStoreError {
                        #expect(error.code == .closed || error.code == .indexFailed, "\(error)")
                        return nil
                    }
                }
            }
            group.addTask {
                try store.close()
                return nil
            }
            return try await group.reduce(into: [BlobID]()) { $0 += [$1].compactMap { $0 } }
        }
        try fixture.reopen()
        for id in promised { #expect(try await !fixture.store.readAll(id, limit: .max).readableBytesView.isEmpty) }
        #expect(fixture.store.usage.blobs >= promised.count)
        #expect(try fixture.names(in: "tmp").isEmpty)
    }

    @Test func storingAfterTheThreadPoolHasStopped() async throws {
        let folder = NSTemporaryDirectory() + "blobstore-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        let store = try BlobStore(
            folder: folder, settings: .init(), threadPool: pool, logger: Logger(label: "test"))
        try await pool.shutdownGracefully()
        #expect(try await store.put(noise(10)) == digest(noise(10)))
        await #expect(throws: (any Error).self) { try await store.put(noise(50_000)) }
        try store.close()
    }

    @Test func aNewerFormatIsRefused() async throws {
        let fixture = try Fixture()
        #expect(
            await code {
                try fixture.reopen {
                    let queue = try DatabaseQueue(path: "\(fixture.folder)/blobs.sqlite")
                    try queue.write { try $0.execute(sql: "PRAGMA user_version = 99") }
                    try queue.close()
                }
            } == .incompatible)
    }

    @Test func eventLoopsGetMemoryAtOnce() async throws {
        let fixture = try Fixture()
        let bytes = noise(3 * blockBytes)
        let id = try await fixture.store.put(bytes)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let expected = blocks(of: bytes)
        // The first read opens the file on the thread pool.
        #expect(try await fixture.store.block(id, 0, on: loop).get() == expected[0])
        let store = fixture.store
        let atOnce = try await loop.submit {
            let reads = (1..<3).map { store.block(id, $0, on: loop) }
            return EventLoopFuture.whenAllSucceed(reads, on: loop)
        }.get().get()
        #expect(atOnce == Array(expected[1...]))
        await #expect(throws: BlobStoreError.self) { try await fixture.store.block(id, 9, on: loop).get() }
    }

    @Test func concurrentPutsOfSmallBlobs() async throws {
        let fixture = try Fixture()
        let store = fixture.store
        let began = ContinuousClock.now
        let ids = try await withThrowingTaskGroup(of: BlobID.self) { group in
            for seed in 1...1000 { group.addTask { try await store.put(noise(200 + seed, seed: UInt64(seed))) } }
            return try await group.reduce(into: Set<BlobID>()) { $0.insert($1) }
        }
        // One commit each would be 1,000 waits for the disk.
        #expect(ContinuousClock.now - began < .seconds(30))
        #expect(ids.count == 1000)
        #expect(store.usage.blobs == 1000)
        try fixture.reopen()
        #expect(fixture.store.usage.blobs == 1000)
        #expect(try fixture.store.missing(from: Array(ids)).isEmpty)
    }

    @Test func theSameBlobTwiceAtOnceIsOneFile() async throws {
        let fixture = try Fixture()
        let store = fixture.store
        for size in [100, 50_000, 700_000] {
            let bytes = noise(size)
            let before = try fixture.dataFiles().count
            try await withThrowingTaskGroup(of: BlobID.self) { group in
                for step in [1000, 10_000, 262_144, 1_000_000, 333, 4096] {
                    group.addTask { try await store.ingestAll(bytes, step: step).0 }
                }
                for try await id in group { #expect(id == digest(bytes)) }
            }
            #expect(try await store.readAll(digest(bytes), limit: size) == bytes)
            #expect(try fixture.dataFiles().count - before == [100: 0, 50_000: 1, 700_000: 2][size])
        }
        #expect(store.usage == (3, 750_100))
        #expect(try fixture.names(in: "tmp").isEmpty)
    }

    @Test func storingAndRemovingAtOnceStaysConsistent() async throws {
        let fixture = try Fixture()
        let store = fixture.store
        let bytes = noise(300_000)
        let id = digest(bytes)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask { for _ in 0..<15 { _ = try await store.put(bytes) } }
                group.addTask { for _ in 0..<15 { try store.remove(id) } }
                group.addTask {
                    for _ in 0..<15 {
                        let problem = await code {
                            let found = try await store.readAll(id, limit: .max)
                            #expect(found == bytes)
                        }
                        #expect(problem == nil || problem == .notFound, "\(String(describing: problem))")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await store.put(bytes) == id)
        try fixture.reopen()
        #expect(try await fixture.store.readAll(id, limit: .max) == bytes)
        #expect(fixture.store.usage == (1, 300_000))
        #expect(try fixture.dataFiles().count == 2)
    }
}
