import NIOCore
import Wire

/// Cuts a byte stream into frames. A body that arrives in one piece is a slice of what was read; one that arrives in
/// several is gathered once into a buffer of its exact size.
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
                return nil
            }
            header = try FrameHeader(length: length, kind: kind, requestID: id)
        }
        guard let header else { return nil }
        if body.readableBytes == 0, let whole = input.readSlice(length: header.bodyByteCount) {
            return finish(header, whole)
        }
        if body.readableBytes == 0 { body = allocator.buffer(capacity: header.bodyByteCount) }
        let missing = header.bodyByteCount - body.readableBytes
        if var part = input.readSlice(length: min(missing, input.readableBytes)) { body.writeBuffer(&part) }
        guard body.readableBytes == header.bodyByteCount else { return nil }
        return finish(header, body)
    }

    private mutating func finish(_ header: FrameHeader, _ whole: ByteBuffer) -> Frame {
        self.header = nil
        body = ByteBuffer()
        return Frame(type: header.type, flags: header.flags, requestID: header.requestID, body: whole)
    }
}
