import NIOCore
import Wire

/// Cuts a byte stream into frames. Each body is gathered once, into a buffer of its exact size.
///
/// Nothing that was fed is kept after ``next(allocator:)`` has returned nil: whoever reads from the socket can fill the
/// same buffer again. A slice of it as a body would make each further read allocate, and copy, a new one.
///
/// Feeding and taking are separate calls, so that bytes may arrive while a frame is being handled.
struct FrameDecoder {
    /// Bytes that were fed and not looked at yet.
    private var input = ByteBuffer()
    private var header: FrameHeader?
    /// The begin of a body that is not complete yet.
    private var body = ByteBuffer()

    /// Adds bytes behind those that are there.
    mutating func feed(_ bytes: ByteBuffer) {
        if input.readableBytes == 0 {
            input = bytes
        } else {
            input.writeImmutableBuffer(bytes)
        }
    }

    /// The next complete frame; nil until more bytes are fed.
    ///
    /// - Throws: ``FrameError`` for bytes that are no frame: the connection cannot go on.
    mutating func next(allocator: ByteBufferAllocator) throws(FrameError) -> Frame? {
        if header == nil {
            guard let (length, kind, id) = input.readMultipleIntegers(as: (UInt32, UInt32, UInt32).self) else {
                // At most the begin of a header.
                input = ByteBuffer(bytes: input.readableBytesView)
                return nil
            }
            let header = try FrameHeader(length: length, kind: kind, requestID: id)
            body = header.bodyByteCount == 0 ? ByteBuffer() : allocator.buffer(capacity: header.bodyByteCount)
            self.header = header
        }
        guard let header else { return nil }
        let missing = header.bodyByteCount - body.readableBytes
        if var part = input.readSlice(length: min(missing, input.readableBytes)) { body.writeBuffer(&part) }
        guard body.readableBytes == header.bodyByteCount else {
            input = ByteBuffer()
            return nil
        }
        defer {
            self.header = nil
            body = ByteBuffer()
        }
        return Frame(type: header.type, flags: header.flags, requestID: header.requestID, body: body)
    }
}
