import Blake3
import Foundation
import Identity
import NIOCore
import Testing

@testable import Volumes

@Suite("Snapshots of volumes") struct SnapshotTests {
    @Test("Chunks lie within their limits, and an insertion moves the cuts around it only")
    func cuts() {
        func chunks(_ bytes: [UInt8]) -> [[UInt8]] {
            var chunker = ContentChunker()
            var result: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let cut = rest.withUnsafeBytes { chunker.cut($0) } ?? rest.count
                result.append(Array(rest.prefix(cut)))
                rest = rest.dropFirst(cut)
            }
            return result
        }
        let bytes = noise(6_000_000)
        let before = chunks(bytes)
        #expect(before.count > 6)
        #expect(before.dropLast().allSatisfy { (ContentChunker.minBytes...ContentChunker.maxBytes).contains($0.count) })
        let after = chunks(Array(bytes[..<3_000_000]) + [9] + Array(bytes[3_000_000...]))
        #expect(Set(after).subtracting(before).count <= 2)
        #expect(chunks([UInt8](repeating: 0, count: 3 << 20)).allSatisfy { $0.count == ContentChunker.maxBytes })
    }

    @Test("A snapshot is read as it was written")
    func codec() throws {
        let snapshot = VolumeSnapshot(
            volume: id("app/4/data"), createdMilliseconds: 5, entryCount: 2, contentBytes: 7,
            chunks: [.init(blob: BlobID(Blake3.hash([1])), byteCount: 9)])
        #expect(try VolumeSnapshot(decoding: snapshot.encoded) == snapshot)
        var short = snapshot.encoded
        short.moveWriterIndex(to: short.writerIndex - 1)
        #expect(throws: VolumeError.self) { try VolumeSnapshot(decoding: short) }
        let empty = VolumeSnapshot(
            volume: id("a/0/b"), createdMilliseconds: 0, entryCount: 0, contentBytes: 0,
            chunks: [.init(blob: BlobID(Blake3.hash([1])), byteCount: 0)])
        #expect(throws: VolumeError.self) { try VolumeSnapshot(decoding: empty.encoded) }
    }

    private static func entry(_ kind: VolumeEntry.Kind, _ path: String, _ byteCount: UInt64 = 0) -> VolumeEntry {
        VolumeEntry(
            kind: kind, mode: 0o755, user: 0, group: 0, seconds: 0, nanoseconds: 0, path: Array(path.utf8),
            byteCount: byteCount)
    }

    /// What a reader makes of entries, each with as many bytes of content as it says.
    private static func read(_ entries: [VolumeEntry], maxEntries: Int = 100, maxBytes: Int = 1_000) throws {
        var bytes = ByteBuffer(bytes: VolumeStreamReader.magic)
        for entry in entries {
            entry.write(to: &bytes)
            bytes.writeRepeatingByte(0x61, count: Int(entry.byteCount))
        }
        var reader = VolumeStreamReader(maxEntries: maxEntries, maxBytes: maxBytes)
        reader.append(bytes)
        while try reader.next() != nil {}
        try reader.finish()
    }

    @Test("A stream in order is read")
    func order() throws {
        try Self.read(
            [
                Self.entry(.folder, ""), Self.entry(.file, "a", 3), Self.entry(.folder, "b"), Self.entry(.file, "b/a"),
                Self.entry(.folder, "b/c"), Self.entry(.link, "b/c/d", 2), Self.entry(.file, "b.x"),
            ].sorted { one, other in
                one.path.split(separator: 0x2f).lexicographicallyPrecedes(other.path.split(separator: 0x2f)) {
                    $0.lexicographicallyPrecedes($1)
                }
            })
    }

    @Test("No stream leads out of its folder, through a link, or over what is there")
    func hostile() {
        let root = Self.entry(.folder, "")
        let streams: [[VolumeEntry]] = [
            [], [Self.entry(.file, "a")], [root, root], [root, Self.entry(.file, "../a")],
            [root, Self.entry(.file, "/a")], [root, Self.entry(.file, "a//b")], [root, Self.entry(.file, "./a")],
            [root, Self.entry(.file, "a/")], [root, Self.entry(.file, "a\u{0}b")],
            [root, Self.entry(.link, "a", 4), Self.entry(.file, "a/passwd")],
            [root, Self.entry(.file, "a"), Self.entry(.file, "a/b")], [root, Self.entry(.file, "a/b")],
            [root, Self.entry(.file, "a"), Self.entry(.file, "a")],
            [root, Self.entry(.file, "b"), Self.entry(.file, "a")],
            [root, Self.entry(.folder, "a"), Self.entry(.file, "b"), Self.entry(.file, "a/c")],
            [root, Self.entry(.folder, "a", 3)], [root, Self.entry(.link, "a", 0)],
            [root, Self.entry(.link, "a", UInt64(VolumeLimits.maxTargetBytes) + 1)],
            [root, Self.entry(.file, String(repeating: "x", count: 256))],
            [root, Self.entry(.file, "a", 1_001)],
            [root, Self.entry(.file, "a", 600), Self.entry(.file, "b", 401)],
        ]
        for stream in streams {
            #expect(throws: VolumeError.self, "\(stream.map { String(decoding: $0.path, as: UTF8.self) })") {
                try Self.read(stream)
            }
        }
        #expect(throws: VolumeError.self) { try Self.read([root, Self.entry(.file, "a")], maxEntries: 1) }
    }

    @Test("Names of volumes become folders, so nothing else is one")
    func names() {
        #expect(VolumeID("app/0/data")?.description == "app/0/data")
        for text in ["app/0", "app/00/data", "app/-1/data", "app/0/..", "app/0/Data", "/0/a", "a/0/b/c", "a/0/-b"] {
            #expect(VolumeID(text) == nil)
        }
    }
}
