import Blake3
import Foundation
import Identity
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import BlobStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A blob of seven blocks, the last one short.
private let size = 6 * blockBytes + 77

@Suite struct PartialTests {
    private let bytes: ByteBuffer
    private let id: BlobID
    private let parts: [ByteBuffer]
    private let list: [Digest]
    private let loop = MultiThreadedEventLoopGroup.singleton.next()

    init() {
        bytes = noise(size)
        id = digest(bytes)
        parts = blocks(of: bytes)
        list = values(of: bytes)
    }

    private func begin(_ fixture: Fixture) throws -> BlobAssembly {
        try fixture.store.assemble(id, byteCount: size, blockValues: list)
    }

    /// Leaves blocks 0, 2 and 6.
    private func leave(_ fixture: Fixture) async throws {
        let assembly = try begin(fixture)
        for index in [2, 0, 6] { try await assembly.write(block: index, parts[index]) }
        await assembly.suspend()
    }

    private func complete(_ fixture: Fixture) async throws {
        let assembly = try begin(fixture)
        while let index = assembly.held.firstMissing(in: 0..<parts.count) {
            try await assembly.write(block: index, parts[index])
        }
        try await assembly.finish()
        #expect(try await fixture.store.readAll(id, limit: size) == bytes)
        #expect(try fixture.names(in: "partial").isEmpty)
        #expect(try fixture.names(in: "tmp").isEmpty)
        #expect(try fixture.store.partials().isEmpty)
        #expect(fixture.store.partialBytes == 0)
    }

    @Test func aSuspendedBlobIsContinuedByAnotherProcess() async throws {
        let fixture = try Fixture()
        try await leave(fixture)
        #expect(try fixture.names(in: "partial") == [id.hex, "\(id.hex).blocks", "\(id.hex).map"])
        for _ in 0..<2 {
            let partial = try #require(try fixture.store.partial(id))
            #expect(partial.byteCount == size)
            #expect(partial.held.bytes == [0b0100_0101])
            #expect(!partial.isOpen)
            #expect(partial.updatedAtMilliseconds > 1_700_000_000_000)
            #expect(try fixture.store.partials() == [partial])
            #expect(fixture.store.partialBytes == size)
            #expect(try !fixture.store.contains(id))
            try fixture.reopen()
        }
        let assembly = try begin(fixture)
        #expect(assembly.held.bytes == [0b0100_0101])
        #expect(assembly.missingCount == 4)
        #expect(try await assembly.read(block: 6) == parts[6])
        #expect(await code { _ = try await assembly.read(block: 1) } == .incomplete)
        await assembly.suspend()
        #expect(await code { try await assembly.write(block: 1, parts[1]) } == .closed)
        try await complete(fixture)
    }

    /// Each block is read, and what lies behind it with it, before the next one is written.
    @Test("Blocks written around the page cache are read through it") func directBlocks() async throws {
        let fixture = try Fixture { $0.directBytes = 1 }
        let first = try begin(fixture)
        for index in [1, 0, 2, 6] {
            try await first.write(block: index, parts[index])
            #expect(try await first.read(block: index) == parts[index])
        }
        await first.suspend()
        try fixture.reopen()
        let second = try begin(fixture)
        for index in [4, 3, 5] {
            #expect(try await second.read(block: 2) == parts[2])
            try await second.write(block: index, parts[index], isReadSoon: index != 3)
            #expect(try await second.read(block: index) == parts[index])
        }
        try await second.finish()
        #expect(try await fixture.store.readAll(id, limit: size) == bytes)
        #expect(try await fixture.store.verify(id) == .whole(byteCount: size))
    }

    @Test("Memory for direct writes is used again, and what does not fit is written the usual way") func directFile()
        throws
    {
        let scratch = DirectScratch()
        let piece = scratch.take()
        scratch.give(piece)
        let again = scratch.take()
        #expect(again.baseAddress == piece.baseAddress)
        #expect(UInt(bitPattern: again.baseAddress) % UInt(DirectFile.alignment) == 0)
        scratch.give(again)
        let path = NSTemporaryDirectory() + "direct-\(UUID().uuidString)"
        defer { unlink(path) }
        #expect(FileManager.default.createFile(atPath: path, contents: Data(count: blockBytes)))
        // Not every file system has a way around its cache.
        guard let file = DirectFile(path: path, scratch: scratch) else { return }
        let short = try parts[6].withUnsafeReadableBytes { try file.write($0, at: 0) }
        #expect(!short)
        let odd = try parts[0].withUnsafeReadableBytes { try file.write($0, at: 100) }
        #expect(!odd)
        guard try parts[0].withUnsafeReadableBytes({ try file.write($0, at: 0) }) else { return }
        #expect(FileManager.default.contents(atPath: path) == Data(parts[0].readableBytesView))
    }

    @Test func oneSessionAtATime() async throws {
        let fixture = try Fixture()
        let first = try begin(fixture)
        #expect(await code { _ = try begin(fixture) } == .sessionBusy)
        #expect(await code { try fixture.store.discardPartial(id) } == .sessionBusy)
        #expect(try #require(try fixture.store.partial(id)).isOpen)
        try await first.write(block: 1, parts[1])
        #expect(try fixture.store.partial(id)?.held.count == 1)
        first.cancel()
        #expect(try fixture.store.partial(id) == nil)
        #expect(try fixture.names(in: "partial").isEmpty)
        try await leave(fixture)
        #expect(try fixture.store.discardPartial(id))
        #expect(try !fixture.store.discardPartial(id))
        #expect(try fixture.names(in: "partial").isEmpty)
        try await complete(fixture)
    }

    @Test func forgottenSessionsAreSuspendedAndEmptyOnesLeaveNothing() async throws {
        let fixture = try Fixture()
        do {
            let assembly = try begin(fixture)
            try await assembly.write(block: 3, parts[3])
        }
        #expect(try await eventually { try fixture.store.partial(id)?.isOpen == false })
        #expect(try fixture.store.partial(id)?.held.bytes == [0b1000])
        #expect(try fixture.store.discardPartial(id))
        let empty = try begin(fixture)
        await empty.suspend()
        #expect(try fixture.store.partial(id) == nil)
        #expect(try fixture.names(in: "partial").isEmpty)
    }

    @Test func closingTheStoreSavesWhatSessionsWrote() async throws {
        let fixture = try Fixture()
        let assembly = try begin(fixture)
        try await assembly.write(block: 5, parts[5])
        try fixture.reopen()
        #expect(try fixture.store.partial(id)?.held.bytes == [0b10_0000])
        // The session of the closed store must not touch files that are another store's now.
        assembly.cancel()
        #expect(try fixture.names(in: "partial").count == 3)
        try await complete(fixture)
    }

    @Test func progressIsSavedWhileBlocksArrive() async throws {
        let fixture = try Fixture { $0.partialSaveBytes = 2 * blockBytes }
        let assembly = try begin(fixture)
        try await assembly.write(block: 0, parts[0])
        #expect(try fixture.names(in: "partial") == [id.hex])
        try await assembly.write(block: 1, parts[1])
        #expect(try await eventually { try fixture.names(in: "partial").count == 3 })
        let map = try #require(
            PartialMap(
                bytes: Array(Data(contentsOf: URL(filePath: "\(fixture.folder)/partial/\(id.hex).map"))), id: id))
        #expect(map.held.bytes == [0b11])
        #expect(map.byteCount == size)
        assembly.cancel()
        #expect(try fixture.names(in: "partial").isEmpty)
    }

    @Test func progressIsSavedAfterSomeTime() async throws {
        let clocked = Clocked()
        let fixture = try Fixture {
            $0.clock = StoreClock(wallMilliseconds: { 5 }, uptimeMilliseconds: { clocked.now })
        }
        let assembly = try begin(fixture)
        clocked.advance(by: PartialBlob.saveIntervalMilliseconds - 1)
        try await assembly.write(block: 0, parts[0])
        #expect(try fixture.names(in: "partial") == [id.hex])
        clocked.advance(by: 1)
        try await assembly.write(block: 1, parts[1])
        #expect(try await eventually { try fixture.names(in: "partial").count == 3 })
        assembly.cancel()
    }

    @Test func servingStoredAndPartialBlobsAlike() async throws {
        let fixture = try Fixture()
        let unknown = digest(noise(3))
        #expect(try fixture.store.held(unknown) == nil)
        #expect(await code { _ = try await fixture.store.heldBlock(unknown, 0, on: loop).get() } == .notFound)
        try await leave(fixture)
        for _ in 0..<2 {
            #expect(try fixture.store.held(id)?.byteCount == size)
            #expect(try fixture.store.held(id)?.held?.bytes == [0b0100_0101])
            for index in [6, 0, 6] {
                #expect(try await fixture.store.heldBlock(id, index, on: loop).get() == parts[index])
            }
            #expect(await code { _ = try await fixture.store.heldBlock(id, 1, on: loop).get() } == .incomplete)
            for index in [-1, 7, .max, .min] {
                #expect(await code { _ = try await fixture.store.heldBlock(id, index, on: loop).get() } == .badBlock)
            }
            #expect(try fixture.store.blockValues(id) == list)
            try fixture.reopen()
        }
        let assembly = try begin(fixture)
        try await assembly.write(block: 1, parts[1])
        #expect(try await fixture.store.heldBlock(id, 1, on: loop).get() == parts[1])
        for index in parts.indices { try await assembly.write(block: index, parts[index]) }
        try await assembly.finish()
        #expect(try fixture.store.held(id) == HeldBlob(byteCount: size, held: nil))
        for index in parts.indices {
            #expect(try await fixture.store.heldBlock(id, index, on: loop).get() == parts[index])
        }
    }

    @Test func whatWasStoredMeanwhileIsNotKeptTwice() async throws {
        let fixture = try Fixture()
        try await leave(fixture)
        _ = try await fixture.store.put(bytes)
        #expect(try fixture.names(in: "partial").isEmpty)
        let late = try begin(fixture)
        try await late.write(block: 0, parts[0])
        #expect(try fixture.store.held(id) == HeldBlob(byteCount: size, held: nil))
        await late.suspend()
        try fixture.reopen()
        #expect(try fixture.store.partials().isEmpty)
        #expect(try fixture.names(in: "partial").isEmpty)
        try await complete(fixture)
        #expect(fixture.store.usage == (1, size))
    }

    @Test func theOldestGoFirst() async throws {
        let clocked = Clocked()
        let fixture = try Fixture {
            $0.partialCount = 3
            $0.partialBytes = 2 * size + 2 * blockBytes
            $0.clock = StoreClock(wallMilliseconds: { clocked.now }, uptimeMilliseconds: { 0 })
        }
        func leaveOne(_ seed: UInt64, _ size: Int) async throws -> BlobID {
            clocked.advance(by: 1)
            let bytes = noise(size, seed: seed)
            let assembly = try fixture.store.assemble(
                digest(bytes), byteCount: size, blockValues: values(of: bytes))
            try await assembly.write(block: 0, blocks(of: bytes)[0])
            await assembly.suspend()
            return digest(bytes)
        }
        var ids: [BlobID] = []
        for seed in 1...3 { ids.append(try await leaveOne(UInt64(seed), blockBytes + 1)) }
        #expect(try fixture.store.partials().count == 3)
        ids.append(try await leaveOne(4, blockBytes + 1))
        #expect(try Set(fixture.store.partials().map(\.id)) == Set(ids[1...]))
        ids.append(try await leaveOne(5, 2 * size))
        #expect(try Set(fixture.store.partials().map(\.id)) == Set(ids[3...]))
        // To the byte, then one more.
        ids.append(try await leaveOne(6, blockBytes - 1 + blockBytes))
        #expect(try Set(fixture.store.partials().map(\.id)) == Set(ids[4...]))
        ids.append(try await leaveOne(7, blockBytes + 2))
        #expect(try Set(fixture.store.partials().map(\.id)) == Set(ids[5...]))
        try fixture.reopen()
        #expect(try Set(fixture.store.partials().map(\.id)) == Set(ids[5...]))
    }

    @Test(arguments: [
        "map gone", "map torn", "map flipped", "map of another", "data gone", "data short", "list gone",
        "list short", "stray",
    ])
    func whatDoesNotFitTogetherIsDiscarded(kind: String) async throws {
        let fixture = try Fixture()
        try await leave(fixture)
        let path = "\(fixture.folder)/partial/\(id.hex)"
        try fixture.reopen {
            switch kind {
            case "map gone": unlink(path + ".map")
            case "map torn": truncate(path + ".map", 70)
            case "map flipped": try fixture.flipBit(path + ".map", at: 56)
            case "map of another":
                let other = PartialMap(byteCount: size, updatedAtMilliseconds: 0, held: .all(7))
                try Data(other.bytes(of: digest(noise(1)))).write(to: URL(filePath: path + ".map"))
            case "data gone": unlink(path)
            case "data short": truncate(path, off_t(size - 1))
            case "list gone": unlink(path + ".blocks")
            case "list short": truncate(path + ".blocks", 32)
            default:
                unlink(path + ".map")
                for name in ["x", "x.map", "\(id.hex).map.map", "\(id.hex).tmp", "."] {
                    _ = try? Data([1]).write(to: URL(filePath: "\(fixture.folder)/partial/\(name)"))
                }
            }
        }
        #expect(try fixture.store.partials().isEmpty)
        #expect(try fixture.names(in: "partial").isEmpty)
        try await complete(fixture)
    }

    @Test func aWrongListIsDiscardedWhenItIsNeeded() async throws {
        let fixture = try Fixture()
        try await leave(fixture)
        try fixture.reopen { try fixture.flipBit("\(fixture.folder)/partial/\(id.hex).blocks", at: 33) }
        #expect(try fixture.store.partials().count == 1)
        #expect(await code { _ = try await fixture.store.heldBlock(id, 0, on: loop).get() } == .notFound)
        #expect(try fixture.store.blockValues(id) == nil)
        #expect(try fixture.names(in: "partial").isEmpty)
        // Whoever brings the list needs none on the disk.
        try await leave(fixture)
        try fixture.reopen { try fixture.flipBit("\(fixture.folder)/partial/\(id.hex).blocks", at: 33) }
        try await complete(fixture)
    }

    @Test func aSizeThatWasALieIsReplaced() async throws {
        let fixture = try Fixture()
        let lie = try fixture.store.assemble(id, byteCount: size - 1, blockValues: list)
        try await lie.write(block: 0, parts[0])
        await lie.suspend()
        #expect(try begin(fixture).held.count == 0)
        #expect(try await eventually { try fixture.store.partial(id) == nil })
        try await complete(fixture)
    }

    @Test func damagedBlocksOfAnEarlierSessionAreWrittenAgain() async throws {
        let fixture = try Fixture()
        try await leave(fixture)
        try fixture.reopen { try fixture.flipBit("\(fixture.folder)/partial/\(id.hex)", at: 5) }
        let assembly = try begin(fixture)
        for index in [1, 3, 4, 5] { try await assembly.write(block: index, parts[index]) }
        #expect(assembly.held.isFull)
        #expect(await code { try await assembly.finish() } == .incomplete)
        #expect(assembly.held.firstMissing(in: 0..<7) == 0)
        try await assembly.write(block: 0, parts[0])
        try fixture.flipBit("\(fixture.folder)/partial/\(id.hex)", at: size - 1)
        #expect(await code { _ = try await fixture.store.heldBlock(id, 6, on: loop).get() } == .corrupt)
        #expect(await code { _ = try await fixture.store.heldBlock(id, 6, on: loop).get() } == .incomplete)
        #expect(await code { try await assembly.finish() } == .incomplete)
        await assembly.suspend()
        try await complete(fixture)
    }

    @Test func mapsThatAreDamagedAnywhereAreRefused() {
        let map = PartialMap(byteCount: size, updatedAtMilliseconds: .min, held: .all(7))
        let bytes = map.bytes(of: id)
        #expect(bytes.count == PartialMap.fileByteCount(byteCount: size))
        #expect(PartialMap(bytes: bytes, id: id) == map)
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x10
            #expect(PartialMap(bytes: damaged, id: id) == nil)
            #expect(PartialMap(bytes: Array(bytes[..<index]), id: id) == nil)
        }
        for byteCount in [0, -1, Int.max, Int.min] {
            let wrong = PartialMap(byteCount: byteCount, updatedAtMilliseconds: 0, held: .all(7))
            #expect(PartialMap(bytes: wrong.bytes(of: id), id: id) == nil)
        }
    }
}

/// A clock that is set by hand.
final class Clocked: Sendable {
    private let milliseconds = Atomic<Int64>(1_700_000_000_000)
    var now: Int64 { milliseconds.load(ordering: .relaxed) }
    func advance(by step: Int64) { milliseconds.wrappingAdd(step, ordering: .relaxed) }
}
