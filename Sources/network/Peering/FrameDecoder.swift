import NIOCore
import Wire

/// Cuts a byte stream into frames. A body that arrives in one piece is a slice of what was read; one that arrives in
/// several is gathered once into a buffer of its exact size.
struct FrameDecoder {
    private var header: FrameHeader?
    /// Bytes of a header that is not complete yet.
    private var headerBytes = ByteBuffer()
    private var body = ByteBuffer()

    /// Feeds `bytes` and calls `onFrame` for each frame that is complete.
    ///
    /// - Throws: ``FrameError`` for bytes that are no frame: the connection cannot go on.
    mutating func feed(_ bytes: ByteBuffer, allocator: ByteBufferAllocator, onFrame: (Frame) -> Void) throws(FrameError) {
        var input = bytes
        while true {
            if header == nil {
                guard let next = try readHeader(&input) else { return }
                header = next
                if input.readableBytes < next.bodyByteCount { body = allocator.buffer(capacity: next.bodyByteCount) }
            }
            guard let header else { return }
            if body.readableBytes == 0, let whole = input.readSlice(length: header.bodyByteCount) {
                finish(header, whole, onFrame)
                continue
            }
            var part = input.readSlice(length: min(header.bodyByteCount - body.readableBytes, input.readableBytes))
            if part != nil { body.writeBuffer(&part!) }
            guard body.readableBytes == header.bodyByteCount else { return }
            let whole = body
            body = ByteBuffer()
            finish(header, whole, onFrame)
        }
    }

    private mutating func finish(_ header: FrameHeader, _ body: ByteBuffer, _ onFrame: (Frame) -> Void) {
        self.header = nil
        onFrame(Frame(type: header.type, flags: header.flags, requestID: header.requestID, body: body))
    }

    private mutating func readHeader(_ input: inout ByteBuffer) throws(FrameError) -> FrameHeader? {
        if headerBytes.readableBytes > 0 || input.readableBytes < FrameHeader.byteCount {
            let missing = FrameHeader.byteCount - headerBytes.readableBytes
            if var part = input.readSlice(length: min(missing, input.readableBytes)) { headerBytes.writeBuffer(&part) }
            guard headerBytes.readableBytes == FrameHeader.byteCount else { return nil }
            defer { headerBytes.clear() }
            return try FrameDecoder.parse(&headerBytes)
        }
        return try FrameDecoder.parse(&input)
    }

    private static func parse(_ input: inout ByteBuffer) throws(FrameError) -> FrameHeader? {
        guard let (length, kind, id) = input.readMultipleIntegers(as: (UInt32, UInt32, UInt32).self) else { return nil }
        return try FrameHeader(length: length, kind: kind, requestID: id)
    }
}
