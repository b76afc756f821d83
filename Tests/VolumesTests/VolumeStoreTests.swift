import Files
import Foundation
import Identity
import NIOCore
import Synchronization
import Testing

@testable import Volumes

@Suite("Volumes") struct VolumeStoreTests {
    private static func write(_ bytes: [UInt8], to path: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    private static func read(_ path: String) -> [UInt8]? {
        FileManager.default.contents(atPath: path).map { [UInt8]($0) }
    }

    /// A volume with a bit of everything.
    private static func fill(_ path: String) throws {
        let files = FileManager.default
        try files.createDirectory(atPath: path + "/deep/er", withIntermediateDirectories: true)
        try write(noise(3_000_000), to: path + "/large")
        try write(Array("small".utf8), to: path + "/deep/er/small")
        try write([], to: path + "/empty")
        try files.createSymbolicLink(atPath: path + "/link", withDestinationPath: "/etc/passwd")
        try files.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path + "/large")
        try files.setAttributes([.posixPermissions: 0o500], ofItemAtPath: path + "/deep/er")
        try files.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1_000_000)], ofItemAtPath: path + "/deep/er/small")
    }

    @Test("A snapshot brings everything back on another node")
    func movesOn() async throws {
        try await withFolder { root in
            let blobs = MemoryBlobs()
            let here = try makeStore(root + "/a", blobs)
            let path = try await here.open(id("app/0/data"), byteCount: 64 << 20, fence: 1)
            try Self.fill(path)
            let snapshot = try await here.snapshot(id("app/0/data"))
            #expect(snapshot.contentBytes == 3_000_005 && snapshot.entryCount == 7)
            let index = try #require(BlobID(snapshot.blob))
            #expect(blobs.state.withLock { $0.kept[index]?.count ?? 0 } > 3)

            let there = try makeStore(root + "/b", blobs)
            let other = try await there.open(
                id("app/0/data"), byteCount: 64 << 20, fence: 2, latest: (blob: index, fence: 1))
            #expect(Self.read(other + "/large") == noise(3_000_000))
            #expect(Self.read(other + "/deep/er/small") == Array("small".utf8))
            #expect(Self.read(other + "/empty") == [])
            let files = FileManager.default
            #expect(try files.destinationOfSymbolicLink(atPath: other + "/link") == "/etc/passwd")
            func attribute(_ name: String, _ key: FileAttributeKey) throws -> Any? {
                try files.attributesOfItem(atPath: other + name)[key]
            }
            #expect(try attribute("/large", .posixPermissions) as? Int == 0o640)
            #expect(try attribute("/deep/er", .posixPermissions) as? Int == 0o500)
            #expect(
                try attribute("/deep/er/small", .modificationDate) as? Date == Date(timeIntervalSince1970: 1_000_000))
            // A second snapshot of the same content is the same chunks.
            let again = try await there.snapshot(id("app/0/data"))
            #expect(again.newBytes == 0)
            try files.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path + "/deep/er")
            try files.setAttributes([.posixPermissions: 0o700], ofItemAtPath: other + "/deep/er")
        }
    }

    @Test("What did not change is stored once")
    func shares() async throws {
        try await withFolder { root in
            let store = try makeStore(root, MemoryBlobs())
            let path = try await store.open(id("app/0/data"), byteCount: 64 << 20, fence: 1)
            var bytes = noise(8_000_000)
            try Self.write(bytes, to: path + "/base")
            let first = try await store.snapshot(id("app/0/data"))
            bytes.insert(contentsOf: [1, 2, 3], at: 4_000_000)
            try Self.write(bytes, to: path + "/base")
            let second = try await store.snapshot(id("app/0/data"))
            #expect(first.newBytes > 8_000_000)
            // The chunk that changed, and the one with the file's length.
            #expect(second.newBytes <= 2 * ContentChunker.maxBytes)
        }
    }

    @Test("The holder with the higher fence has the later content")
    func fences() async throws {
        try await withFolder { root in
            let blobs = MemoryBlobs()
            let (one, two) = (try makeStore(root + "/a", blobs), try makeStore(root + "/b", blobs))
            let volume = id("app/3/data")
            let first = try await one.open(volume, byteCount: 1 << 20, fence: 1)
            try Self.write([1], to: first + "/x")
            let made = try await one.snapshot(volume)
            await one.close(volume)
            let second = try await two.open(
                volume, byteCount: 1 << 20, fence: 2, latest: (try #require(BlobID(made.blob)), 1))
            try Self.write([2], to: second + "/x")
            let later = try #require(BlobID(try await two.snapshot(volume).blob))
            await two.close(volume)
            // Back on the first node: what it still has is old.
            let back = try await one.open(volume, byteCount: 1 << 20, fence: 3, latest: (later, 2))
            #expect(Self.read(back + "/x") == [2])
            // A node that keeps the slot keeps its content, whatever was written down under its own lease.
            try Self.write([3], to: back + "/x")
            await one.close(volume)
            let same = try await one.open(volume, byteCount: 1 << 20, fence: 3, latest: (later, 2))
            #expect(Self.read(same + "/x") == [3])
        }
    }

    @Test("What was used under an earlier lease is used no more, whether or not anybody said so")
    func forgottenUse() async throws {
        try await withFolder { root in
            let blobs = MemoryBlobs()
            let (one, two) = (try makeStore(root + "/a", blobs), try makeStore(root + "/b", blobs))
            let volume = id("app/3/data")
            let first = try await one.open(volume, byteCount: 1 << 20, fence: 1)
            try Self.write([1], to: first + "/x")
            let second = try await two.open(volume, byteCount: 1 << 20, fence: 2)
            try Self.write([2], to: second + "/x")
            let later = try #require(BlobID(try await two.snapshot(volume).blob))
            // The slot comes back to the first node.
            let back = try await one.open(volume, byteCount: 1 << 20, fence: 3, latest: (later, 2))
            #expect(Self.read(back + "/x") == [2])
        }
    }

    @Test("A snapshot reads nothing outside of its volume, whatever the machine does to names meanwhile")
    func swappedFolders() async throws {
        try await withFolder { root in
            try FileManager.default.createDirectory(atPath: root + "/secret", withIntermediateDirectories: true)
            try Self.write(Array("a secret of the host".utf8), to: root + "/secret/key")
            let folder = root + "/volume/folder"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            // So large that it is read in several steps: what is behind it in the folder comes later.
            try Self.write(noise(3 << 20), to: folder + "/a")
            try Self.write(Array("the machine's own".utf8), to: folder + "/key")
            try Self.write([1], to: folder + "/removed")
            let writer = VolumeStreamWriter(root: root + "/volume", maxBytes: 1 << 30)
            var stream = try #require(try writer.next())
            try FileManager.default.removeItem(atPath: folder + "/removed")
            try FileManager.default.moveItem(atPath: folder, toPath: root + "/volume/elsewhere")
            try FileManager.default.createSymbolicLink(atPath: folder, withDestinationPath: root + "/secret")
            while let part = try writer.next() { stream.writeImmutableBuffer(part) }
            let bytes = Data(stream.readableBytesView)
            #expect(bytes.range(of: Data("a secret of the host".utf8)) == nil)
            #expect(bytes.range(of: Data("the machine's own".utf8)) != nil)
            #expect(writer.entryCount == 4, "the root, the folder, and the two files that are left")
        }
    }

    @Test("Names and links need not be text, and pipes are left out")
    func oddNames() async throws {
        try await withFolder { root in
            let blobs = MemoryBlobs()
            let store = try makeStore(root, blobs)
            let path = try await store.open(id("app/0/data"), byteCount: 1 << 20, fence: 1)
            let odd: [UInt8] = [0x61, 0xff]
            let name = Array("\(path)/".utf8) + odd
            let inside = name + Array("/link".utf8)
            try #require(name.withCString { mkdir($0, 0o700) } == 0)
            try #require(inside.withCString { link in odd.withCString { symlink($0, link) } } == 0)
            #expect(mkfifo(path + "/pipe", 0o600) == 0)
            let made = try await store.snapshot(id("app/0/data"))
            #expect(made.entryCount == 3)
            let index = try #require(BlobID(made.blob))
            try await store.restore(id("app/1/data"), from: index, byteCount: 1 << 20)
            let other = try await store.open(id("app/1/data"), byteCount: 1 << 20, fence: 1)
            let link = Array("\(other)/".utf8) + odd + Array("/link".utf8)
            var target = [CChar](repeating: 0, count: 8)
            let count = link.withCString { readlink($0, &target, 8) }
            #expect(count == 2)
            #expect(target.prefix(2).map { UInt8(bitPattern: $0) } == odd)
        }
    }

    @Test("A file with holes that is larger than the volume is refused before it is read")
    func holes() async throws {
        try await withFolder { root in
            let store = try makeStore(root, MemoryBlobs())
            let path = try await store.open(id("app/0/data"), byteCount: 1 << 20, fence: 1)
            try Self.write([], to: path + "/sparse")
            #expect(truncate(path + "/sparse", 1 << 40) == 0)
            await #expect {
                _ = try await store.snapshot(id("app/0/data"))
            } throws: { ($0 as? VolumeError)?.code == .tooLarge }
        }
    }

    @Test("What a crash left is put in order at the next start, and snapshots that nobody remembers are let go of")
    func crashes() async throws {
        try await withFolder { root in
            let blobs = MemoryBlobs()
            let volume = id("app/0/data")
            let first = try makeStore(root, blobs)
            let path = try await first.open(volume, byteCount: 1 << 20, fence: 1)
            try Self.write([1], to: path + "/x")
            let kept = try #require(BlobID(try await first.snapshot(volume).blob))
            let forgotten = try await blobs.put(ByteBuffer(string: "forgotten")).blob
            try await blobs.keep(forgotten, chunks: [])
            // Killed between the two renames of a restore, and in the middle of another one.
            let files = FileManager.default
            try files.moveItem(atPath: "\(root)/app/0/data", toPath: "\(root)/app/0/data.old")
            try files.createDirectory(atPath: "\(root)/app/0/data.restoring/data", withIntermediateDirectories: true)
            try files.createDirectory(atPath: "\(root)/app/7/new.restoring/data", withIntermediateDirectories: true)
            let second = try makeStore(root, blobs)
            await second.mountAll()
            #expect(Self.read(path + "/x") == [1])
            #expect(try files.contentsOfDirectory(atPath: "\(root)/app/0") == ["data"])
            #expect(try files.contentsOfDirectory(atPath: "\(root)/app/7").isEmpty)
            #expect(blobs.state.withLock { Set($0.kept.keys) } == [kept])
        }
    }

    @Test("No volume is made for which the disk has no room")
    func noRoom() async throws {
        try await withFolder { root in
            let store = try makeStore(root, MemoryBlobs())
            for volume in [id("app/0/data"), id("app/1/data")] {
                await #expect {
                    _ = try await store.open(volume, byteCount: 1 << 60, fence: 1)
                } throws: { ($0 as? VolumeError)?.code == .tooLarge }
            }
            #expect(try await store.list().isEmpty)
        }
    }

    @Test("Volumes in use are neither restored nor removed; a restore that fails changes nothing")
    func guards() async throws {
        try await withFolder { root in
            let blobs = MemoryBlobs()
            let store = try makeStore(root, blobs)
            let volume = id("app/0/data")
            let path = try await store.open(volume, byteCount: 1 << 20, fence: 1)
            try Self.write([1], to: path + "/x")
            let index = try #require(BlobID(try await store.snapshot(volume).blob))
            await #expect { try await store.delete(volume) } throws: { ($0 as? VolumeError)?.code == .inUse }
            await #expect {
                try await store.restore(volume, from: index, byteCount: 1 << 20)
            } throws: { ($0 as? VolumeError)?.code == .inUse }
            await store.close(volume)
            try Self.write([2], to: path + "/x")
            // A chunk is lost.
            let chunks = blobs.state.withLock { $0.kept[index] ?? [] }
            let saved = blobs.state.withLock { $0.bytes }
            blobs.state.withLock { state in for chunk in chunks { state.bytes[chunk] = nil } }
            await #expect(throws: (any Error).self) { try await store.restore(volume, from: index, byteCount: 1 << 20) }
            #expect(Self.read(path + "/x") == [2])
            blobs.state.withLock { $0.bytes = saved }
            try await store.restore(volume, from: index, byteCount: 1 << 20)
            #expect(Self.read(path + "/x") == [1])
            let status = try await store.status(volume)
            #expect(status.snapshots.count == 1 && !status.isInUse && !status.isBounded && status.usedBytes > 0)
            try await store.delete(volume)
            #expect(try await store.list().isEmpty && blobs.state.withLock { $0.kept.isEmpty })
            await #expect { try await store.status(volume) } throws: { ($0 as? VolumeError)?.code == .notFound }
        }
    }

    @Test("A snapshot that is larger than the volume is refused")
    func tooLarge() async throws {
        try await withFolder { root in
            let blobs = MemoryBlobs()
            let store = try makeStore(root, blobs)
            let path = try await store.open(id("app/0/data"), byteCount: 1 << 20, fence: 1)
            try Self.write(noise(2_000), to: path + "/x")
            let index = try #require(BlobID(try await store.snapshot(id("app/0/data")).blob))
            try await store.restore(id("app/1/data"), from: index, byteCount: 2_000)
            await #expect {
                try await store.restore(id("app/2/data"), from: index, byteCount: 1_999)
            } throws: { ($0 as? VolumeError)?.code == .tooLarge }
        }
    }

    @Test(
        "A node that stops leaves no disk mounted, and finds what is on it when it is back",
        .enabled(if: VolumeDisk.isPossible, "needs root, loop devices and mkfs.ext4"))
    func unmounts() async throws {
        try await withFolder { root in
            let blobs = MemoryBlobs()
            let volume = id("app/0/data")
            let first = try makeStore(root, blobs, .disk)
            let path = try await first.open(volume, byteCount: 16 << 20, fence: 1)
            try Self.write([7], to: path + "/x")
            // Whoever has something of it open keeps it.
            let reader = try #require(FileHandle(forReadingAtPath: path + "/x"))
            await first.unmountAll()
            #expect(!FileManager.default.fileExists(atPath: path))
            #expect(try reader.readToEnd() == Data([7]))
            // What is late does not mount it again.
            await #expect {
                _ = try await first.open(volume, byteCount: 16 << 20, fence: 1)
            } throws: { ($0 as? VolumeError)?.code == .inUse }
            let second = try makeStore(root, blobs, .disk)
            await second.mountAll()
            #expect(Self.read(path + "/x") == [7])
            try Self.write([8], to: path + "/x")
            try reader.close()
            await second.unmountAll()
            let third = try makeStore(root, blobs, .disk)
            await third.mountAll()
            #expect(Self.read(path + "/x") == [8])
            await third.unmountAll()
        }
    }

    @Test(
        "On a disk of its own a machine gets no more than its volume",
        .enabled(if: VolumeDisk.isPossible, "needs root, loop devices and mkfs.ext4"))
    func bounded() async throws {
        try await withFolder { root in
            let store = try makeStore(root, MemoryBlobs(), .disk)
            let volume = id("app/0/data")
            let path = try await store.open(volume, byteCount: 16 << 20, fence: 1)
            let outcome = Result { try Self.write([UInt8](repeating: 1, count: 32 << 20), to: path + "/x") }
            #expect(throws: (any Error).self) { try outcome.get() }
            try? FileManager.default.removeItem(atPath: path + "/x")
            try Self.write([7], to: path + "/y")
            let snapshot = try await store.snapshot(volume)
            await store.close(volume)
            try Self.write([8], to: path + "/y")
            try await store.restore(volume, from: try #require(BlobID(snapshot.blob)), byteCount: 16 << 20)
            #expect(Self.read(path + "/y") == [7])
            #expect(try await store.status(volume).isBounded)
            try await store.delete(volume)
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }
}
