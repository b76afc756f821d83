public import NIOCore
public import Streams

/// The body of a request, an answer or a host call.
public enum FunctionBody: Sendable {
    /// All of it; may be empty.
    case bytes(ByteBuffer)
    /// On its way.
    case stream(ByteStream)

    /// No bytes.
    public static let empty = FunctionBody.bytes(ByteBuffer())

    /// All of it.
    ///
    /// - Throws: `ByteStream.TooLarge` beyond `limit` bytes; why a stream breaks off.
    public func collect(limit: Int) async throws -> ByteBuffer {
        switch self {
        case .stream(let stream): return try await stream.collect(limit: limit)
        case .bytes(let bytes):
            guard bytes.readableBytes <= limit else { throw ByteStream.TooLarge(limit: limit) }
            return bytes
        }
    }

    /// Nobody wants it.
    public func stop() {
        if case .stream(let stream) = self { stream.stop() }
    }
}
