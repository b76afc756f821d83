import Foundation
public import NIOCore

#if canImport(Glibc)
    import Glibc
#endif

/// A file's bytes from a descriptor, in pieces.
public struct FileChunks: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer

    /// Bytes of a piece at most.
    public static let chunkBytes = 1 << 20

    private let descriptor: Int32
    private let observe: @Sendable (ByteBuffer) -> Void

    /// - Parameters:
    ///   - descriptor: Open for reading; closed by the caller after the sequence ended.
    ///   - observe: Sees every piece as it passes.
    public init(descriptor: Int32, observe: @escaping @Sendable (ByteBuffer) -> Void = { _ in }) {
        self.descriptor = descriptor
        self.observe = observe
    }

    public func makeAsyncIterator() -> Iterator { Iterator(descriptor: descriptor, observe: observe) }

    /// Reads one piece after the other.
    public struct Iterator: AsyncIteratorProtocol {
        let descriptor: Int32
        let observe: @Sendable (ByteBuffer) -> Void

        /// - Throws: ``ClientError`` if reading fails.
        public mutating func next() async throws -> ByteBuffer? {
            var buffer = ByteBufferAllocator().buffer(capacity: FileChunks.chunkBytes)
            var failure: Int32 = 0
            let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: FileChunks.chunkBytes) { space in
                var count = -1
                repeat {
                    count = read(descriptor, space.baseAddress, FileChunks.chunkBytes)
                } while count < 0 && errno == EINTR
                if count < 0 { failure = errno }
                return Swift.max(count, 0)
            }
            if failure != 0 {
                throw ClientError(.fileUnusable, "Reading failed: \(String(cString: strerror(failure)))")
            }
            if count == 0 { return nil }
            observe(buffer)
            return buffer
        }
    }
}
