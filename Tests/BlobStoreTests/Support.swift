import Blake3
import BlobStore
import Foundation
import Identity
import Logging
import NIOCore
import NIOPosix

/// A store in a folder of its own, deleted at the end.
final class Fixture {
    static let threadPool: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 4)
        pool.start()
        return pool
    }()

    let folder: String
    let settings: BlobStore.Settings
    private(set) var store: BlobStore

    init(folder: String? = nil, _ change: (inout BlobStore.Settings) -> Void = { _ in }) throws {
        var settings = BlobStore.Settings()
        change(&settings)
        self.settings = settings
        self.folder = folder ?? NSTemporaryDirectory() + "blobstore-\(UUID().uuidString)"
        store = try Fixture.open(self.folder, settings)
    }

    deinit {
        try? store.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    static func open(_ folder: String, _ settings: BlobStore.Settings = .init()) throws -> BlobStore {
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        return try BlobStore(folder: folder, settings: settings, threadPool: threadPool, logger: logger)
    }

    /// Closes and opens the store; `between` runs while it is closed.
    func reopen(_ between: () throws -> Void = {}) throws {
        try store.close()
        try between()
        store = try Fixture.open(folder, settings)
    }

    func dataFile(_ id: BlobID) -> String {
        "\(folder)/data/\(id.hex.prefix(2))/\(id.hex.dropFirst(2).prefix(2))/\(id.hex)"
    }

    func names(in part: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(part)").sorted()
    }

    /// Relative paths of all files under `data/`.
    func dataFiles() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: "\(folder)/data").filter { $0.utf8.count > 60 }
    }

    func flipBit(_ path: String, at offset: Int) throws {
        let handle = try FileHandle(forUpdating: URL(filePath: path))
        defer { try? handle.close() }
        try handle.seek(toOffset: UInt64(offset))
        let byte = try handle.read(upToCount: 1)?.first ?? 0
        try handle.seek(toOffset: UInt64(offset))
        try handle.write(contentsOf: Data([byte ^ 1]))
    }
}

let blockBytes = BlockTree.blockByteCount

/// Bytes without a period, different for each seed.
func noise(_ count: Int, seed: UInt64 = 1) -> ByteBuffer {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    var bytes = ByteBuffer()
    // Words in memory: appending them one by one took most of the time of these tests in a debug build.
    bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: count + 8) { output in
        let words = output.bindMemory(to: UInt64.self)
        var index = 0
        while index * 8 < count {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            words[index] = state
            index += 1
        }
        return count
    }
    return bytes
}

func digest(_ bytes: ByteBuffer) -> BlobID { BlobID(bytes.withUnsafeReadableBytes { Blake3.hash($0) }) }

func blocks(of bytes: ByteBuffer) -> [ByteBuffer] {
    (0..<BlockTree.blockCount(byteCount: bytes.readableBytes)).compactMap {
        bytes.getSlice(at: $0 * blockBytes, length: BlockTree.blockLength($0, byteCount: bytes.readableBytes))
    }
}

func values(of bytes: ByteBuffer) -> [Digest] {
    var hasher = BlockHasher()
    bytes.withUnsafeReadableBytes { hasher.update($0) }
    return hasher.finalize().blockValues
}

extension BlobStore {
    /// Stores a stream in pieces of `step` bytes.
    func ingestAll(_ bytes: ByteBuffer, step: Int, expecting: BlobID? = nil) async throws -> (BlobID, Int) {
        let session = try ingest(expecting: expecting, sizeHint: nil)
        var rest = bytes
        while rest.readableBytes > 0 {
            if let piece = rest.readSlice(length: min(step, rest.readableBytes)) { try await session.write(piece) }
        }
        return try await session.finish()
    }
}

/// The code of the error that `body` throws; nil when it throws none.
func code(_ body: () async throws -> Void) async -> BlobStoreError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? BlobStoreError)?.code
    }
}

/// Whether a condition holds within ten seconds.
func eventually(_ condition: () throws -> Bool) async throws -> Bool {
    for _ in 0..<15_000 {
        if try condition() { return true }
        try await Task.sleep(for: .milliseconds(2))
    }
    return false
}
