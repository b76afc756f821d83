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
