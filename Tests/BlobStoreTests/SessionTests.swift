import Blake3
import Foundation
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

private let piece = DirectPart.pieceByteCount

@Suite struct SessionTests {
    @Test(arguments: [1, 1000, 16_384, 100_000, 262_144, 262_145, 900_000])
    func streamsInPieces(step: Int) async throws {
        let fixture = try Fixture()
        for size in step == 1 ? [0, 1, 700] : BlobStoreTests.sizes {
            let bytes = noise(size)
            let (id, count) = try await fixture.store.ingestAll(bytes, step: step, expecting: digest(bytes))
            #expect(id == digest(bytes))
            #expect(count == size)
            #expect(try await fixture.store.readAll(id, limit: size) == bytes)
        }
        #expect(try fixture.names(in: "tmp").isEmpty)
    }

    @Test(arguments: [10, 100_000, 600_000]) func wrongOrTruncatedStreamsLeaveNothing(size: Int) async throws {
        let fixture = try Fixture()
        let wanted = digest(noise(size))
        let truncated = noise(size).getSlice(at: 0, length: size - 1) ?? ByteBuffer()
        for wrong in [truncated, noise(size, seed: 2)] {
            let code = await code { _ = try await fixture.store.ingestAll(wrong, step: 4096, expecting: wanted) }
            #expect(code == .digestMismatch)
            #expect(try !fixture.store.contains(digest(wrong)))
        }
        #expect(try fixture.dataFiles().isEmpty)
        #expect(try fixture.names(in: "tmp").isEmpty)
        #expect(fixture.store.usage == (0, 0))
    }

    @Test func cancelledAndForgottenSessionsLeaveNothing() async throws {
        let fixture = try Fixture()
        let session = try fixture.store.ingest(expecting: nil, sizeHint: nil)
        try await session.write(noise(2_000_000))
        #expect(try fixture.names(in: "tmp").count == 1)
        session.cancel()
        session.cancel()
        #expect(try fixture.names(in: "tmp").isEmpty)
        #expect(await code { try await session.write(noise(1)) } == .closed)
        #expect(await code { _ = try await session.finish() } == .closed)
        do {
            let forgotten = try fixture.store.ingest(expecting: nil, sizeHint: nil)
            try await forgotten.write(noise(2_000_000))
        }
        // The thread that wrote may be the last to let go of it.
        #expect(try await eventually { try fixture.names(in: "tmp").isEmpty })
    }

    @Test(arguments: BlobStoreTests.sizes + [1_048_576, 1_048_577, 3_000_000]) func filesAndPipes(size: Int)
        async throws
    {
        let fixture = try Fixture()
        let bytes = noise(size)
        let path = "\(fixture.folder)/input"
        try Data(bytes.readableBytesView).write(to: URL(filePath: path))
        let handle = try FileHandle(forReadingFrom: URL(filePath: path))
        defer { try? handle.close() }
        let session = try fixture.store.ingest(expecting: digest(bytes), sizeHint: size)
        try await session.write(contentsOf: handle.fileDescriptor, name: path)
        let (id, count) = try await session.finish()
        #expect(count == size)
        #expect(try await fixture.store.readAll(id, limit: size) == bytes)
        #expect(fixture.store.usage == (1, size))
        #expect(try fixture.names(in: "tmp").isEmpty)
    }

    @Test func filesBetweenPieces() async throws {
        let fixture = try Fixture()
        let bytes = noise(2_345_678)
        let path = "\(fixture.folder)/input"
        try Data((bytes.getSlice(at: 400_001, length: 1_500_000) ?? ByteBuffer()).readableBytesView)
            .write(to: URL(filePath: path))
        let handle = try FileHandle(forReadingFrom: URL(filePath: path))
        defer { try? handle.close() }
        let session = try fixture.store.ingest(expecting: digest(bytes), sizeHint: nil)
        try await session.write(bytes.getSlice(at: 0, length: 400_001) ?? ByteBuffer())
        try await session.write(contentsOf: handle.fileDescriptor, name: path)
        try await session.write(bytes.getSlice(at: 1_900_001, length: 445_677) ?? ByteBuffer())
        #expect(try await session.finish() == (digest(bytes), 2_345_678))
        let unreadable = try fixture.store.ingest(expecting: nil, sizeHint: nil)
        #expect(await code { try await unreadable.write(contentsOf: -1, name: "nothing") } == .ioFailed)
        #expect(await code { _ = try await unreadable.finish() } == .closed)
    }

    /// Whether the file system has such writes or not, and where it changes its mind.
    @Test(arguments: [nil, 0, 1] as [Int?], [piece - 1, piece, piece + 1, 3 * piece + 70_001])
    func writesAroundThePageCache(refusedFrom: Int?, size: Int) async throws {
        let disk = ManualFaults()
        let fixture = try Fixture {
            $0.directStreamBytes = 0
            $0.faults = disk.faults
        }
        let writes = Mutex(0)
        disk.onWritingDirectly { _ in
            let number = writes.withLock { count in
                defer { count += 1 }
                return count
            }
            return refusedFrom.map { number >= $0 } == true ? EINVAL : nil
        }
        let bytes = noise(size)
        for step in [100_000, 300_001, piece] {
            let (id, count) = try await fixture.store.ingestAll(bytes, step: step, expecting: digest(bytes))
            #expect(count == size)
            #expect(try await fixture.store.verify(id) == .whole(byteCount: size))
            #expect(try await fixture.store.readAll(id, limit: size) == bytes)
            #expect(try fixture.store.remove(id))
            writes.withLock { $0 = 0 }
        }
        let path = "\(fixture.folder)/input"
        try Data(bytes.readableBytesView).write(to: URL(filePath: path))
        let handle = try FileHandle(forReadingFrom: URL(filePath: path))
        defer { try? handle.close() }
        // An odd number of bytes before the file: there is no place that such writes could begin at.
        for first in [0, 100] {
            let session = try fixture.store.ingest(expecting: nil, sizeHint: nil)
            try await session.write(bytes.getSlice(at: 0, length: first) ?? ByteBuffer())
            try handle.seek(toOffset: UInt64(first))
            try await session.write(contentsOf: handle.fileDescriptor, name: path)
            #expect(try await session.finish() == (digest(bytes), size))
            #expect(try await fixture.store.readAll(digest(bytes), limit: size) == bytes)
            #expect(try fixture.store.remove(digest(bytes)))
        }
        #expect(try fixture.names(in: "tmp").isEmpty)
    }

    @Test func readingADraftThatGoesAroundThePageCache() async throws {
        let fixture = try Fixture { $0.directStreamBytes = 600_000 }
        let bytes = noise(3_500_001)
        let session = try fixture.store.ingest(expecting: digest(bytes), sizeHint: nil)
        var end = 0
        for (number, step) in [700_000, 700_000, 1_100_000, 400_000, 600_001].enumerated() {
            try await session.write(bytes.getSlice(at: end, length: step) ?? ByteBuffer())
            end += step
            if number < 2 { continue }
            var read = ByteBuffer()
            while read.readableBytes < end {
                var part = try await session.read(at: read.readableBytes, upTo: 500_000)
                try #require(part.readableBytes > 0)
                read.writeBuffer(&part)
            }
            #expect(read == bytes.getSlice(at: 0, length: end))
        }
        #expect(try await session.finish() == (digest(bytes), 3_500_001))
        #expect(try await session.read(at: 3_500_000, upTo: 10) == bytes.getSlice(at: 3_500_000, length: 1))
        #expect(try await fixture.store.readAll(digest(bytes), limit: .max) == bytes)
    }

    @Test func aDiskThatFailsAroundThePageCache() async throws {
        let disk = ManualFaults()
        let fixture = try Fixture {
            $0.directStreamBytes = 0
            $0.faults = disk.faults
        }
        // tmpfs of older kernels, and overlays of it, have no such writes.
        let draft = "\(fixture.folder)/draft"
        try Data().write(to: URL(filePath: draft))
        let isPossible = DirectFile(path: draft, scratch: DirectScratch()) != nil
        let bytes = noise(2_000_000)
        for (number, expected) in [(ENOSPC, BlobStoreError.Code.diskFull), (EIO, .ioFailed), (EROFS, .diskFull)] {
            disk.onWritingDirectly { _ in number }
            let result = await code { _ = try await fixture.store.ingestAll(bytes, step: 500_000) }
            #expect(result == (isPossible ? expected : nil))
            #expect(try fixture.names(in: "tmp").isEmpty)
            try fixture.store.remove(digest(bytes))
        }
        disk.clear()
        #expect(try await fixture.store.put(bytes) == digest(bytes))
    }

    @Test func theSizeLimit() async throws {
        let fixture = try Fixture { $0.maxBlobBytes = 300_000 }
        #expect(try await fixture.store.put(noise(300_000)) == digest(noise(300_000)))
        #expect(await code { _ = try await fixture.store.put(noise(300_001)) } == .tooLarge)
        #expect(await code { _ = try await fixture.store.ingestAll(noise(300_001), step: 1000) } == .tooLarge)
        #expect(await code { _ = try fixture.store.ingest(expecting: nil, sizeHint: 300_001) } == .tooLarge)
        let bytes = noise(300_001)
        #expect(
            await code {
                _ = try fixture.store.assemble(digest(bytes), byteCount: 300_001, blockValues: values(of: bytes))
            } == .tooLarge)
        #expect(try fixture.names(in: "tmp").isEmpty)
    }

    @Test(arguments: BlobStoreTests.sizes) func blocksInAnyOrder(size: Int) async throws {
        let fixture = try Fixture()
        let bytes = noise(size)
        let id = digest(bytes)
        let parts = blocks(of: bytes)
        let assembly = try fixture.store.assemble(id, byteCount: size, blockValues: values(of: bytes))
        #expect(assembly.missingCount == parts.count)
        #expect(await code { try await assembly.finish() } == .incomplete)
        #expect(await code { _ = try await assembly.read(block: 0) } == .incomplete)
        #expect(await code { try await assembly.write(block: parts.count, parts[0]) } == .badBlock)
        #expect(await code { try await assembly.write(block: -1, parts[0]) } == .badBlock)
        #expect(await code { try await assembly.write(block: 0, noise(blockBytes + 1)) } == .badBlock)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in parts.indices.reversed() + parts.indices {
                group.addTask {
                    try await assembly.write(block: index, parts[index])
                    #expect(try await assembly.read(block: index) == parts[index])
                }
            }
            try await group.waitForAll()
        }
        #expect(assembly.missingCount == 0)
        #expect(try !fixture.store.contains(id))
        try await assembly.finish()
        #expect(try await fixture.store.readAll(id, limit: size) == bytes)
        #expect(await code { try await assembly.finish() } == .closed)
        #expect(await code { try await assembly.write(block: 0, parts[0]) } == .closed)
        assembly.cancel()
        try fixture.reopen()
        #expect(try await fixture.store.readAll(id, limit: size) == bytes)
        #expect(try fixture.names(in: "tmp").isEmpty)
    }

    @Test func assembliesThatCannotBe() async throws {
        let fixture = try Fixture()
        let bytes = noise(600_000)
        for (size, list) in [(600_000, values(of: noise(600_000, seed: 2))), (900_000, values(of: bytes)), (-1, [])] {
            let code = await code {
                _ = try fixture.store.assemble(digest(bytes), byteCount: size, blockValues: list)
            }
            #expect(code == .digestMismatch)
        }
        let assembly = try fixture.store.assemble(digest(bytes), byteCount: 600_000, blockValues: values(of: bytes))
        try await assembly.write(block: 0, noise(blockBytes, seed: 3))
        #expect(await code { _ = try await assembly.read(block: 0) } == .corrupt)
        #expect(assembly.missingCount == 3)
        assembly.cancel()
        #expect(await code { try await assembly.write(block: 0, noise(blockBytes)) } == .closed)
        let small = try fixture.store.assemble(digest(noise(9)), byteCount: 9, blockValues: values(of: noise(9)))
        try await small.write(block: 0, noise(9, seed: 2))
        #expect(await code { try await small.finish() } == .digestMismatch)
        #expect(try fixture.names(in: "tmp").isEmpty)
        #expect(fixture.store.usage == (0, 0))
    }
}
