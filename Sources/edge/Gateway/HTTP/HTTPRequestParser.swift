public import NIOCore

/// A strict parser of HTTP/1.0 and HTTP/1.1 requests (RFC 9112), fed with bytes as they arrive.
///
/// It accepts only what every correct recipient reads the same way: lines end in CRLF, no field is folded, no blank
/// precedes a colon, and a body is framed by exactly one of `Content-Length` and `chunked`. How the bytes are cut into
/// buffers changes nothing. After the first error the connection's bytes have no meaning any more, and every further
/// call throws the same error.
public struct HTTPRequestParser: Sendable {
    /// What was read.
    public enum Event: Sendable {
        /// A valid head. Followed by body events and one end.
        case head(HTTPRequestHead)
        /// Some bytes of the body, never empty.
        case body(ByteBuffer)
        /// The request is complete; another may follow.
        case end
    }

    enum State: Sendable {
        case head
        case fixedBody(remaining: Int)
        case chunkLine
        case chunkData(remaining: Int)
        case chunkEnd
        case trailers
        case end
        case failed(GatewayError)
    }

    /// Read bytes in front of the buffer beyond which it is compacted.
    private static let compactionBytes = 64 * 1024

    let limits: HTTPParserLimits
    var state = State.head
    var buffer = ByteBuffer()
    /// What chunk framing has cost so far beyond its share, in bytes.
    var chunkOverhead = 0
    var trailerBytes = 0
    var trailerCount = 0
    private var draft = HTTPHeadDraft()
    private var last: RepeatedFields?

    /// A parser at the beginning of a connection.
    public init(limits: HTTPParserLimits = HTTPParserLimits()) { self.limits = limits }

    /// Bytes that were appended and not read yet.
    public var bufferedBytes: Int { buffer.readableBytes }

    /// Whether a request has begun whose head is not complete.
    public var isInsideHead: Bool {
        if case .head = state { return buffer.readableBytes > 0 }
        return false
    }

    /// Takes bytes in the order of arrival. The caller bounds how much it appends before it calls ``next()``.
    public mutating func append(_ bytes: ByteBuffer) {
        guard buffer.readableBytes > 0 else {
            buffer = bytes
            return
        }
        if buffer.readerIndex > HTTPRequestParser.compactionBytes { buffer.discardReadBytes() }
        buffer.writeImmutableBuffer(bytes)
    }

    /// The next event; nil when more bytes are needed.
    ///
    /// - Throws: ``GatewayError`` with the code for the answer. The connection must then be closed.
    public mutating func next() throws(GatewayError) -> Event? {
        switch state {
        case .head: return try nextHead()
        case .fixedBody(let remaining): return nextFixedBody(remaining)
        case .chunkLine, .chunkData, .chunkEnd, .trailers: return try nextChunked()
        case .end:
            endRequest()
            return .end
        case .failed(let error): throw error
        }
    }

    private mutating func nextHead() throws(GatewayError) -> Event? {
        guard buffer.readableBytes > 0 else { return nil }
        // A second reference, so that the draft can change while the bytes are borrowed.
        let bytes = buffer
        let outcome = bytes.withUnsafeReadableBytes { draft.advance(over: $0, limits: limits, last: last) }
        switch outcome {
        case .needsMore: return nil
        case .failed(let error): throw fail(error)
        case .repeated(let byteCount):
            guard let last, let slice = buffer.readSlice(length: byteCount) else { return nil }
            let head: HTTPRequestHead
            do { head = try draft.finish(slice, last) } catch { throw fail(error) }
            draft = HTTPHeadDraft()
            state = .end
            return .head(head)
        case .complete(let byteCount):
            guard let slice = buffer.readSlice(length: byteCount) else { return nil }
            let head: HTTPRequestHead
            do { head = try draft.finish(slice) } catch { throw fail(error) }
            last = draft.repeatable(slice, head)
            draft = HTTPHeadDraft()
            switch head.body {
            case .none: state = .end
            case .length(let count): state = .fixedBody(remaining: count)
            case .chunked:
                chunkOverhead = 0
                state = .chunkLine
            }
            return .head(head)
        }
    }

    private mutating func nextFixedBody(_ remaining: Int) -> Event? {
        guard let slice = takeBody(remaining) else { return nil }
        let left = remaining - slice.readableBytes
        state = left == 0 ? .end : .fixedBody(remaining: left)
        return .body(slice)
    }

    /// At most `limit` buffered bytes; nil when there are none.
    mutating func takeBody(_ limit: Int) -> ByteBuffer? {
        let count = min(limit, buffer.readableBytes)
        guard count > 0 else { return nil }
        return buffer.readSlice(length: count)
    }

    /// Everything that was appended and not read, which is no longer HTTP.
    mutating func takeRest() -> ByteBuffer {
        defer { buffer = ByteBuffer() }
        return buffer
    }

    /// An unused connection must not hold on to what it received last.
    mutating func endRequest() {
        state = .head
        if buffer.readableBytes == 0 { buffer = ByteBuffer() }
    }

    /// Remembers the error, so that no later byte is read as a request.
    mutating func fail(_ error: GatewayError) -> GatewayError {
        state = .failed(error)
        buffer = ByteBuffer()
        return error
    }
}
