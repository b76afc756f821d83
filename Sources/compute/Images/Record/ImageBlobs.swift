public import Identity
public import NIOCore

/// Where the layers of stored images come from: a node's store, and the other nodes.
public protocol ImageBlobs: Sendable {
    /// A blob's bytes, verified, in parts of at most a megabyte; fetched from other nodes first where that is needed.
    ///
    /// May be called for several blobs at once.
    func read(_ blob: BlobID) async throws -> ImageParts
}

/// Where imported images go: a node's store.
public protocol ImageDestination: Sendable {
    /// Those of `blobs` that are not stored there.
    func missing(_ blobs: [BlobID]) async throws -> Set<BlobID>

    /// Stores bytes; durable on return.
    ///
    /// - Parameters:
    ///   - blob: What the bytes must be.
    ///   - byteCount: Their number.
    ///   - parts: The bytes, in parts of at most a megabyte; read once.
    func store(_ blob: BlobID, byteCount: Int, _ parts: ImageParts) async throws
}

/// Bytes that come in parts.
public struct ImageParts: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer
    public typealias Failure = any Error

    /// Gives the parts; read by one task at a time.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let read: () async throws -> ByteBuffer?

        init(_ read: @escaping () async throws -> ByteBuffer?) { self.read = read }

        /// The next part; nil at the end.
        public mutating func next() async throws -> ByteBuffer? { try await read() }
    }

    private let begin: @Sendable () -> () async throws -> ByteBuffer?

    /// - Parameter begin: Begins to read; what it returns gives the next part, or nil at the end.
    public init(_ begin: @escaping @Sendable () -> () async throws -> ByteBuffer?) { self.begin = begin }

    /// Parts of any sequence.
    public init<Parts: AsyncSequence & Sendable>(_ parts: Parts) where Parts.Element == ByteBuffer {
        begin = {
            var iterator = parts.makeAsyncIterator()
            return { try await iterator.next() }
        }
    }

    /// All in one part.
    public init(_ bytes: ByteBuffer) {
        begin = {
            var rest: ByteBuffer? = bytes
            return {
                defer { rest = nil }
                return rest
            }
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(begin()) }
}
