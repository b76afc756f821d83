import BlobStore
import NIOCore

/// Small reproducible blobs.
enum SmallBlob {
    /// Blob `number`: its number and zeros.
    static func bytes(_ number: Int, size: Int, seed: Int) -> ByteBuffer {
        var bytes = ByteBufferAllocator().buffer(capacity: size)
        bytes.writeInteger(UInt64(truncatingIfNeeded: number))
        bytes.writeInteger(UInt64(truncatingIfNeeded: seed))
        bytes.writeRepeatingByte(0, count: max(0, size - bytes.readableBytes))
        return bytes
    }

    /// Stores `count` blobs, `width` of them under way at any time.
    static func put(
        _ count: Int, atOnce width: Int, in store: BlobStore, _ blob: @escaping @Sendable (Int) -> ByteBuffer
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                if number >= width { try await group.next() }
                group.addTask { _ = try await store.put(blob(number)) }
            }
            try await group.waitForAll()
        }
    }
}
