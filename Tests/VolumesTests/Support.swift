import Blake3
import Foundation
import Identity
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Volumes

/// Blobs in memory.
final class MemoryBlobs: VolumeBlobs {
    struct State {
        var bytes: [BlobID: ByteBuffer] = [:]
        var kept: [BlobID: Set<BlobID>] = [:]
    }

    struct Missing: Error {}

    let state = Mutex(State())

    func put(_ bytes: ByteBuffer) async throws -> (blob: BlobID, isNew: Bool) {
        let id = BlobID(bytes.withUnsafeReadableBytes { Blake3.hash($0) })
        return state.withLock { (id, $0.bytes.updateValue(bytes, forKey: id) == nil) }
    }

    func read(_ blob: BlobID, limit: Int) async throws -> ByteBuffer {
        guard let bytes = state.withLock({ $0.bytes[blob] }), bytes.readableBytes <= limit else { throw Missing() }
        return bytes
    }

    func keep(_ index: BlobID, chunks: [BlobID]) async throws { state.withLock { $0.kept[index] = Set(chunks) } }

    func release(_ index: BlobID) async throws { state.withLock { $0.kept[index] = nil } }

    func kept() async throws -> [BlobID] { state.withLock { Array($0.kept.keys) } }
}

/// A folder that is removed afterwards.
func withFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let path = NSTemporaryDirectory() + "volumes-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let result: Result<Value, any Error>
    do { result = .success(try await body(path)) } catch { result = .failure(error) }
    try FileManager.default.removeItem(atPath: path)
    return try result.get()
}

func makeStore(_ folder: String, _ blobs: MemoryBlobs, _ backing: VolumeBacking = .folder) throws -> VolumeStore {
    try VolumeStore(
        folder: folder, backing: backing, blobs: blobs, threads: .singleton,
        logger: Logger(label: "volumes") { _ in SwiftLogNoOpLogHandler() })
}

func id(_ text: String) -> VolumeID {
    guard let id = VolumeID(text) else { preconditionFailure("\(text) is no volume") }
    return id
}

/// Bytes that look random and are the same each time.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed
    return [UInt8](unsafeUninitializedCapacity: count) { bytes, filled in
        while filled < count {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            bytes[filled] = UInt8(truncatingIfNeeded: state >> 33)
            filled += 1
        }
    }
}
