import Blake3
import Identity
import Images
import NIOCore
import Synchronization

/// Blobs in memory, with counts of what was asked.
final class MemoryStore: ImageBlobs, ImageDestination {
    struct Missing: Error {}

    private struct State {
        var blobs: [BlobID: [UInt8]] = [:]
        var reads: [BlobID: Int] = [:]
        var stores: [BlobID: Int] = [:]
        var reading = 0
        var mostReading = 0
    }

    private let state = Mutex(State())
    private let partBytes: Int
    private let pause: Duration

    /// - Parameters:
    ///   - partBytes: Bytes of a part that is read.
    ///   - pause: Before each part.
    init(partBytes: Int = 10_000, pause: Duration = .zero) {
        self.partBytes = partBytes
        self.pause = pause
    }

    var blobs: [BlobID: [UInt8]] { state.withLock { $0.blobs } }
    var mostReading: Int { state.withLock { $0.mostReading } }

    func reads(of blob: BlobID) -> Int { state.withLock { $0.reads[blob] ?? 0 } }
    func stores(of blob: BlobID) -> Int { state.withLock { $0.stores[blob] ?? 0 } }

    @discardableResult
    func put(_ bytes: [UInt8]) -> BlobID {
        let id = BlobID(Blake3.hash(bytes))
        state.withLock { $0.blobs[id] = bytes }
        return id
    }

    func missing(_ blobs: [BlobID]) async throws -> Set<BlobID> {
        state.withLock { state in Set(blobs.filter { state.blobs[$0] == nil }) }
    }

    func store(_ blob: BlobID, byteCount: Int, _ parts: ImageParts) async throws {
        var bytes: [UInt8] = []
        for try await part in parts { bytes += part.readableBytesView }
        guard bytes.count == byteCount, BlobID(Blake3.hash(bytes)) == blob else { throw Missing() }
        state.withLock { state in
            state.blobs[blob] = bytes
            state.stores[blob, default: 0] += 1
        }
    }

    func read(_ blob: BlobID) async throws -> ImageParts {
        let found = state.withLock { state in
            state.reads[blob, default: 0] += 1
            state.reading += 1
            state.mostReading = max(state.mostReading, state.reading)
            return state.blobs[blob]
        }
        guard let bytes = found else {
            state.withLock { $0.reading -= 1 }
            throw Missing()
        }
        return ImageParts { [self] in
            var rest = bytes[...]
            return { [self] in
                if pause > .zero { try await Task.sleep(for: pause) }
                let part = rest.prefix(partBytes)
                rest = rest.dropFirst(part.count)
                if !part.isEmpty { return ByteBuffer(bytes: part) }
                state.withLock { $0.reading -= 1 }
                return nil
            }
        }
    }
}
