import Blake3
import BlobStore
import CLinux
import Dispatch
import Foundation
import GRDB
import Identity
import NIOCore
import NIOPosix
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

@Suite struct DamageTests {
    @Test(arguments: [50_000, 700_000]) func aFlippedBitIsNeverReturned(size: Int) async throws {
        let fixture = try Fixture()
        let bytes = noise(size)
        let id = try await fixture.store.put(bytes)
        let last = (size - 1) / blockBytes
        try fixture.flipBit(fixture.dataFile(id), at: size - 1)
        if last > 0 { #expect(try await fixture.store.block(id, 0) == blocks(of: bytes)[0]) }
        #expect(await code { _ = try await fixture.store.block(id, last) } == .corrupt)
        #expect(try !fixture.store.contains(id))
        #expect(await code { _ = try await fixture.store.block(id, 0) } == .notFound)
        #expect(fixture.store.usage == (0, 0))
        #expect(try fixture.dataFiles().isEmpty)
        #expect(try fixture.names(in: "corrupt").map { String($0.prefix(64)) } == [id.hex])
        #expect(try await fixture.store.put(bytes) == id)
        #expect(try await fixture.store.readAll(id, limit: size) == bytes)
    }

    @Test(arguments: ["missing", "truncated", "outboard missing", "outboard flipped", "outboard truncated"])
    func damagedFiles(kind: String) async throws {
        let fixture = try Fixture()
        let bytes = noise(700_000)
        let id = try await fixture.store.put(bytes)
        let path = fixture.dataFile(id)
        switch kind {
        case "missing": unlink(path)
        case "truncated": truncate(path, 600_000)
        case "outboard missing": unlink(path + ".blocks")
        case "outboard flipped": try fixture.flipBit(path + ".blocks", at: 40)
        default: truncate(path + ".blocks", 32)
        }
        #expect(await code { _ = try await fixture.store.block(id, 1) } == .corrupt)
        #expect(try !fixture.store.contains(id))
        #expect(try fixture.dataFiles().isEmpty)
        #expect(try await fixture.store.put(bytes) == id)
        #expect(try await fixture.store.readAll(id, limit: .max) == bytes)
    }

    @Test func damagedBytesInTheIndex() async throws {
        let fixture = try Fixture()
        let id = try await fixture.store.put(noise(100))
        try fixture.reopen {
            let queue = try DatabaseQueue(path: "\(fixture.folder)/blobs.sqlite")
            try queue.write { try $0.execute(sql: "UPDATE inline_blob SET bytes = zeroblob(100)") }
            try queue.close()
        }
        #expect(await code { _ = try await fixture.store.block(id, 0) } == .corrupt)
        #expect(try !fixture.store.contains(id))
        #expect(try await fixture.store.put(noise(100)) == id)
        #expect(try await fixture.store.block(id, 0) == noise(100))
    }

    @Test func leftoversOfACrash() async throws {
        let fixture = try Fixture()
        let kept = try await fixture.store.put(noise(700_000))
        let halfPublished = try await fixture.store.put(noise(700_000, seed: 2))
        let halfRemoved = try await fixture.store.put(noise(700_000, seed: 3))
        let unmarked = try await fixture.store.put(noise(100))
        try fixture.reopen {
            let tmp = "\(fixture.folder)/tmp"
            for name in ["ingest-1-1", "ingest-1-2.blocks", "abc"] {
                try Data([1, 2, 3]).write(to: URL(filePath: "\(tmp)/\(name)"))
            }
            for id in [kept, halfPublished, halfRemoved, unmarked] {
                try Data().write(to: URL(filePath: "\(tmp)/\(id.hex)"))
            }
            let queue = try DatabaseQueue(path: "\(fixture.folder)/blobs.sqlite")
            try queue.write {
                try $0.execute(sql: "DELETE FROM blob WHERE id = ?", arguments: [Data(halfPublished.digest.bytes)])
                try $0.execute(sql: "UPDATE state SET blobs = blobs - 1, bytes = bytes - 700000")
            }
            try queue.close()
            unlink(fixture.dataFile(halfRemoved))
        }
        #expect(try fixture.names(in: "tmp").isEmpty)
        #expect(try fixture.store.contains(kept))
        #expect(try fixture.store.contains(unmarked))
        #expect(try !fixture.store.contains(halfPublished))
        #expect(try !fixture.store.contains(halfRemoved))
        #expect(try fixture.dataFiles().count == 2)
        #expect(fixture.store.usage == (2, 700_100))
        #expect(try await fixture.store.readAll(kept, limit: .max) == noise(700_000))
    }

    @Test func aFileWithoutARowIsReplaced() async throws {
        let fixture = try Fixture()
        let bytes = noise(700_000)
        let path = fixture.dataFile(digest(bytes))
        try FileManager.default.createDirectory(
            atPath: String(path.dropLast(65)), withIntermediateDirectories: true)
        try Data([1]).write(to: URL(filePath: path))
        let id = try await fixture.store.put(bytes)
        #expect(try await fixture.store.readAll(id, limit: .max) == bytes)
    }

    @Test func theReserveRefusesWritesOnly() async throws {
        let fixture = try Fixture()
        let bytes = noise(300_000)
        let id = try await fixture.store.put(bytes)
        try fixture.store.close()
        var settings = fixture.settings
        settings.reserveBytes = .max
        let full = try Fixture.open(fixture.folder, settings)
        #expect(await code { _ = try await full.put(noise(10)) } == .diskFull)
        #expect(await code { _ = try await full.put(noise(100_000)) } == .diskFull)
        #expect(await code { _ = try full.ingest(expecting: nil, sizeHint: nil) } == .diskFull)
        #expect(
            await code {
                let other = noise(600_000)
                _ = try full.assemble(digest(other), byteCount: 600_000, blockValues: values(of: other))
            } == .diskFull)
        #expect(full.usage == (1, 300_000))
        #expect(try await full.readAll(id, limit: .max) == bytes)
        #expect(try full.remove(id))
        try full.close()
    }

    @Test func hintsBeyondTheDisk() async throws {
        let fixture = try Fixture { $0.maxBlobBytes = .max }
        #expect(await code { _ = try fixture.store.ingest(expecting: nil, sizeHint: .max) } == .diskFull)
        _ = try fixture.store.ingest(expecting: nil, sizeHint: -5)
    }
}

/// A file system of a few megabytes; needs root.
private struct TinyDisk {
    let path = NSTemporaryDirectory() + "tiny-\(UUID().uuidString)"

    init?(megabytes: Int) {
        mkdir(path, 0o700)
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
            rmdir(path)
            return nil
        }
    }

    func unmount() {
        umount2(path, CInt(MNT_DETACH))
        rmdir(path)
    }

    static let isAvailable: Bool = {
        guard let disk = TinyDisk(megabytes: 1) else { return false }
        disk.unmount()
        return true
    }()
}

@Suite struct FullDiskTests {
    @Test(.enabled(if: TinyDisk.isAvailable, "only root may mount a tmpfs"), arguments: [4000, 300_000])
    func aFullDiskRefusesAndKeepsServing(size: Int) async throws {
        let disk = try #require(TinyDisk(megabytes: 6))
        defer { disk.unmount() }
        let fixture = try Fixture(folder: disk.path + "/store") { $0.reserveBytes = 0 }
        let owner = try #require(PinOwner("user"))
        var stored: [BlobID] = []
        var failure: BlobStoreError?
        for seed in 1...5000 {
            do {
                let bytes = noise(size, seed: UInt64(seed))
                // Cache copies would make way.
                try await fixture.store.pin([digest(bytes)], by: owner)
                stored.append(try await fixture.store.put(bytes))
            } catch {
                failure = error as? BlobStoreError
                break
            }
        }
        #expect(failure?.code == .diskFull)
        #expect(fixture.store.usage == (stored.count, stored.count * size))
        #expect(try fixture.names(in: "tmp").isEmpty)
        #expect(stored.count > 5)
        for (index, id) in stored.enumerated() {
            #expect(try await fixture.store.readAll(id, limit: size) == noise(size, seed: UInt64(index + 1)))
        }
        let large = noise(5_000_000)
        #expect(
            await code {
                let list = values(of: large)
                _ = try fixture.store.assemble(digest(large), byteCount: large.readableBytes, blockValues: list)
            } == .diskFull)
        if size > fixture.settings.inlineLimitBytes {
            for id in stored.prefix(3) { #expect(try fixture.store.remove(id)) }
            #expect(try await fixture.store.put(noise(size, seed: 9999)) == digest(noise(size, seed: 9999)))
        }
        try fixture.reopen()
        let last = try #require(stored.last)
        #expect(try await fixture.store.block(last, 0) == blocks(of: noise(size, seed: UInt64(stored.count)))[0])
    }

    @Test(.enabled(if: TinyDisk.isAvailable, "only root may mount a tmpfs"))
    func aReadOnlyDiskKeepsServing() async throws {
        let disk = try #require(TinyDisk(megabytes: 8))
        defer { disk.unmount() }
        let fixture = try Fixture(folder: disk.path + "/store") { $0.reserveBytes = 0 }
        let id = try await fixture.store.put(noise(300_000))
        let small = try await fixture.store.put(noise(300))
        _ = try await fixture.store.block(id, 0)
        // Not possible while files are open for writing; then there is nothing to test.
        let flags = UInt(MS_REMOUNT | MS_RDONLY)
        guard mount("tmpfs", disk.path, "tmpfs", flags, nil) == 0 else { return }
        #expect(await code { _ = try await fixture.store.put(noise(600_000)) } == .diskFull)
        #expect(try await fixture.store.readAll(id, limit: .max) == noise(300_000))
        #expect(try await fixture.store.block(small, 0) == noise(300))
    }

    /// Those of the store's folders that are written in become read-only; the index cannot while it is open.
    @Test(.enabled(if: TinyDisk.isAvailable, "only root may mount"))
    func foldersThatTurnReadOnlyRefuseAndKeepServing() async throws {
        let fixture = try Fixture()
        let id = try await fixture.store.put(noise(700_000))
        let half = noise(600_000, seed: 2)
        let open = try fixture.store.assemble(digest(half), byteCount: 600_000, blockValues: values(of: half))
        try await open.write(block: 1, blocks(of: half)[1])
        await open.suspend()
        let folders = ["tmp", "partial", "data"].map { "\(fixture.folder)/\($0)" }
        for folder in folders {
            try #require(mount(folder, folder, nil, UInt(MS_BIND), nil) == 0)
            try #require(mount(folder, folder, nil, UInt(MS_REMOUNT | MS_BIND | MS_RDONLY), nil) == 0)
        }
        defer { for folder in folders { umount2(folder, CInt(MNT_DETACH)) } }
        #expect(await code { _ = try await fixture.store.put(noise(600_000, seed: 3)) } == .diskFull)
        let other = noise(600_000, seed: 4)
        #expect(
            await code {
                _ = try fixture.store.assemble(digest(other), byteCount: 600_000, blockValues: values(of: other))
            } == .diskFull)
        #expect(try fixture.store.partial(digest(other)) == nil)
        #expect(try await fixture.store.readAll(id, limit: .max) == noise(700_000))
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        #expect(try await fixture.store.heldBlock(digest(half), 1, on: loop).get() == blocks(of: half)[1])
        #expect(try fixture.store.partial(digest(half))?.held.count == 1)
    }

    @Test(.enabled(if: TinyDisk.isAvailable, "only root may mount a tmpfs"))
    func aDiskThatFillsUpWhileABlobIsAssembled() async throws {
        let disk = try #require(TinyDisk(megabytes: 6))
        defer { disk.unmount() }
        let fixture = try Fixture(folder: disk.path + "/store") {
            $0.reserveBytes = 0
            $0.partialSaveBytes = blockBytes
        }
        let bytes = noise(2_000_000)
        let parts = blocks(of: bytes)
        let assembly = try fixture.store.assemble(digest(bytes), byteCount: 2_000_000, blockValues: values(of: bytes))
        let filler = open(disk.path + "/filler", O_RDWR | O_CREAT, 0o600)
        defer { close(filler) }
        let page = [UInt8](repeating: 1, count: 4096)
        while write(filler, page, page.count) > 0 {}
        // The space of the blocks is reserved; that of the map is not.
        for index in parts.indices { try await assembly.write(block: index, parts[index]) }
        #expect(assembly.held.isFull)
        #expect(try await assembly.read(block: 3) == parts[3])
        // At rest it would make way for this.
        #expect(await code { _ = try await fixture.store.put(noise(300_000, seed: 2)) } == .diskFull)
        await assembly.suspend()
        #expect(try fixture.store.partial(digest(bytes))?.held.isFull == true)
        ftruncate(filler, 0)
        let again = try fixture.store.assemble(digest(bytes), byteCount: 2_000_000, blockValues: values(of: bytes))
        #expect(again.held.isFull)
        try await again.finish()
        #expect(try await fixture.store.readAll(digest(bytes), limit: .max) == bytes)
    }

    @Test func filesThatVanishUnderASession() async throws {
        let fixture = try Fixture()
        let bytes = noise(600_000)
        let other = try await fixture.store.put(noise(300_000, seed: 2))
        let assembly = try fixture.store.assemble(digest(bytes), byteCount: 600_000, blockValues: values(of: bytes))
        for (index, part) in blocks(of: bytes).enumerated() { try await assembly.write(block: index, part) }
        unlink("\(fixture.folder)/partial/\(digest(bytes).hex)")
        #expect(await code { try await assembly.finish() } == .ioFailed)
        #expect(try !fixture.store.contains(digest(bytes)))
        #expect(try fixture.store.partials().isEmpty)
        #expect(try await fixture.store.readAll(other, limit: .max) == noise(300_000, seed: 2))
        #expect(try await fixture.store.put(bytes) == digest(bytes))
        #expect(try await fixture.store.readAll(digest(bytes), limit: .max) == bytes)
    }
}

@Suite struct LinuxTests {
    @Test func callsThatSwiftLacks() throws {
        let path = NSTemporaryDirectory() + "linux-\(UUID().uuidString)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL, 0o600)
        let other = open(path, O_RDWR)
        defer {
            close(descriptor)
            close(other)
            unlink(path)
        }
        #expect(skerry_flock_exclusive(descriptor) == 0)
        #expect(skerry_flock_exclusive(other) == -1)
        #expect(errno == EWOULDBLOCK)
        #expect(skerry_flock_release(descriptor) == 0)
        #expect(skerry_flock_exclusive(other) == 0)

        #expect(skerry_fallocate(descriptor, 10_000) == 0)
        #expect(lseek(descriptor, 0, SEEK_END) == 10_000)
        #expect(skerry_fallocate(-1, 10) == -1)
        #expect(errno == EBADF)

        #expect(pwrite(descriptor, "hello", 5, 0) == 5)
        var bytes = [UInt8](repeating: 0, count: 5)
        let count = skerry_preadv2_nowait(descriptor, &bytes, 5, 0)
        if count == -1 { #expect(errno == EAGAIN) } else { #expect(String(decoding: bytes, as: UTF8.self) == "hello") }
        #expect(skerry_preadv2_nowait(-1, &bytes, 5, 0) == -1)

        #expect(skerry_free_bytes("/") > 0)
        #expect(skerry_free_bytes(path + "-missing") == -1)
    }

    /// A dozen buffers of a block each, again and again, in a thread of its own: whoever gives their memory back each time
    /// gets it page by page.
    @Test func freedMemoryIsKept() throws {
        skerry_keep_freed_memory()
        let rounds = 100
        let faults = Mutex(0)
        let isDone = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            let before = LinuxTests.faults
            for _ in 0..<rounds {
                let buffers = (0..<12).map { _ in
                    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: blockBytes, alignment: 16)
                    for offset in stride(from: 0, to: blockBytes, by: 4_096) { buffer[offset] = 1 }
                    return buffer
                }
                for buffer in buffers { buffer.deallocate() }
            }
            faults.withLock { $0 = LinuxTests.faults - before }
            isDone.signal()
        }
        isDone.wait()
        // All of them in every round would be 76,800; others may take what was freed here.
        #if canImport(Glibc)
            #expect(faults.withLock { $0 } < 12 * (blockBytes / 4_096) * rounds / 4)
        #endif
    }

    /// Page faults of this thread so far.
    private static var faults: Int {
        var usage = rusage()
        // RUSAGE_THREAD, which Swift does not see.
        getrusage(1, &usage)
        return usage.ru_minflt
    }
}
