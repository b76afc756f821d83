import NIOCore
import Streams

/// Bytes on their way to a machine.
struct UpstreamUpload {
    let stream: ByteStream
    /// Nil for a protocol of its own.
    private let framing: RequestEncoder.Framing?
    private var byteCount = 0
    /// The next part is waited for.
    var isFetching = false

    init(_ stream: ByteStream, _ framing: RequestEncoder.Framing?) {
        self.stream = stream
        self.framing = framing
    }

    /// The bytes to send; nil if they are more than was declared.
    mutating func encode(_ part: ByteBuffer, _ allocator: ByteBufferAllocator) -> ByteBuffer? {
        byteCount += part.readableBytes
        switch framing {
        case .chunked: return RequestEncoder.chunk(part, allocator)
        case .length(let count): return byteCount <= count ? part : nil
        case .some(.none), nil: return part
        }
    }

    /// Whether as much came as was declared.
    var isWhole: Bool {
        if case .length(let count) = framing { return byteCount == count }
        return true
    }

    /// What ends the body.
    var last: ByteBuffer? { framing == .chunked ? ByteBuffer(staticString: "0\r\n\r\n") : nil }
}
