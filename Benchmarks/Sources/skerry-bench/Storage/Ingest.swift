import ArgumentParser
import Blake3
import BlobStore
import Foundation
import Identity
import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#endif

/// Durable writing: a large blob, and many small ones.
struct Ingest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stores a large blob and small ones durably, beside cp with fsync and files with an fsync each.")

    /// Small blobs of one round.
    private static let smallCount = 10_000
    private static let smallBytes = 1_024
    /// Files of one round: fewer, because an fsync each takes its time.
    private static let fileCount = 2_000

    @OptionGroup var options: BenchOptions

    func run() async throws {
        try await large()
        try await small()
    }

    private func large() async throws {
        let work = try WorkFolder()
        // The source, a copy, and the store's.
        try work.requireSpace(mib: options.mib * 3)
        let source = BlockSource(mib: options.mib)
        let (id, _) = source.hashed()
        let blocks = source.blocks()
        let file = work.file("source")
        try write(blocks, to: file)
        let store = try BlobStore(
            folder: work.file("store"), settings: .init(), threadPool: .singleton, logger: Cast.quiet)
        defer { try? store.close() }
        var settings = BlobStore.Settings()
        settings.directStreamBytes = 0
        let direct = try BlobStore(
            folder: work.file("direct"), settings: settings, threadPool: .singleton, logger: Cast.quiet)
        defer { try? direct.close() }
        let mib = Double(options.mib)

        var contest = Contest(
            "\(options.mib) MiB made durable, source in memory or in the page cache", unit: "MiB",
            bases: ["cp, fsync", "hash alone, 1 thread"])
        contest.add("cp, fsync") {
            let copy = work.file("copy")
            let sample = try await Sample.timed(mib) { try Ingest.copy(file, to: copy) }
            guard try Blake3.hashFile(path: copy).digest == id.digest else { throw BenchError("cp copied wrong") }
            unlink(copy)
            return sample
        }
        contest.add("hash alone, 1 thread") {
            try await Sample.timed(mib) {
                var hasher = Blake3Hasher()
                for block in blocks { block.withUnsafeReadableBytes { hasher.update($0) } }
                guard hasher.finalize() == id.digest else { throw BenchError("the digest differs") }
            }
        }
        contest.add("store, from memory") {
            try await Ingest.stored(id, in: store) {
                try await Sample.timed(mib) {
                    let session = try store.ingest(expecting: id, sizeHint: source.byteCount)
                    for block in blocks { try await session.write(block) }
                    _ = try await session.finish()
                }
            }
        }
        contest.add("store, from a file") {
            try await Ingest.stored(id, in: store) {
                try await Sample.timed(mib) { try await Ingest.ingest(file, id, source.byteCount, store) }
            }
        }
        contest.add("store, from a file, around the page cache") {
            try await Ingest.stored(id, in: direct) {
                try await Sample.timed(mib) { try await Ingest.ingest(file, id, source.byteCount, direct) }
            }
        }
        try await contest.run(rounds: options.rounds)
    }

    private func small() async throws {
        let work = try WorkFolder()
        let store = try BlobStore(
            folder: work.file("store"), settings: .init(), threadPool: .singleton, logger: Cast.quiet)
        defer { try? store.close() }
        var round = 0
        var contest = Contest(
            "blobs of \(Ingest.smallBytes) bytes made durable", unit: "blobs", bases: ["files, fsync each"])
        contest.add("files, fsync each") {
            let folder = work.file("files")
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let contents = [UInt8](repeating: 7, count: Ingest.smallBytes)
            let sample = try await Sample.timed(Double(Ingest.fileCount)) {
                for number in 0..<Ingest.fileCount { try Ingest.writeFile(contents, to: "\(folder)/\(number)") }
            }
            try FileManager.default.removeItem(atPath: folder)
            return sample
        }
        for width in [1, 64, 1_024] {
            // One by one is slow: fewer of them give the same rate.
            let count = width == 1 ? Ingest.fileCount : Ingest.smallCount
            contest.add("store, \(width) at once") {
                round += 1
                let before = store.usage.blobs
                let blobs = (0..<count).map { SmallBlob.bytes($0, size: Ingest.smallBytes, seed: round) }
                let sample = try await Sample.timed(Double(count)) {
                    try await SmallBlob.put(count, atOnce: width, in: store) { blobs[$0] }
                }
                guard store.usage.blobs == before + count else { throw BenchError("blobs are missing") }
                return sample
            }
        }
        try await contest.run(rounds: options.rounds)
    }

    /// Checks that the blob is stored and removes it, so that the next round stores it again.
    private static func stored(
        _ id: BlobID, in store: BlobStore, _ measure: () async throws -> Sample
    ) async throws -> Sample {
        let sample = try await measure()
        guard try store.remove(id) else { throw BenchError("blob \(id) was not stored") }
        return sample
    }

    /// Reads with 1 MiB at a time, which is what a local import does.
    private static func ingest(_ path: String, _ id: BlobID, _ byteCount: Int, _ store: BlobStore) async throws {
        let session = try store.ingest(expecting: id, sizeHint: byteCount)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw BenchError("cannot open \(path)") }
        defer { close(descriptor) }
        while true {
            var piece = ByteBufferAllocator().buffer(capacity: 1 << 20)
            let count = piece.writeWithUnsafeMutableBytes(minimumWritableBytes: 1 << 20) { space in
                max(0, read(descriptor, space.baseAddress, 1 << 20))
            }
            if count == 0 { break }
            try await session.write(piece)
        }
        _ = try await session.finish()
    }

    private static func copy(_ path: String, to copy: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "cp \"$0\" \"$1\" && sync \"$1\"", path, copy]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw BenchError("cp or sync failed") }
    }

    private static func writeFile(_ bytes: [UInt8], to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BenchError("cannot create \(path)") }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            throw BenchError("cannot write \(path)")
        }
    }

    private func write(_ blocks: [ByteBuffer], to path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil) else {
            throw BenchError("cannot create \(path)")
        }
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        for block in blocks { try file.write(contentsOf: Data(block.readableBytesView)) }
        try file.synchronize()
        try file.close()
    }
}
