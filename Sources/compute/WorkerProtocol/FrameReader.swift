/// Cuts a byte stream into frames, whatever the boundaries of the reads.
///
/// Holds at most one incomplete frame plus the bytes of the last ``append(_:)``, and between frames memory for
/// ``maxIdleBytes``. After an error the stream is
/// beyond repair: close it.
public struct FrameReader: Sendable {
    /// Bytes of the length prefix.
    public static let prefixBytes = 4

    /// Memory that is kept when all frames have been taken: 1 MiB. Large frames are rare, and there are many readers.
    static let maxIdleBytes = 1 << 20

    private var buffer: [UInt8] = []
    private var offset = 0

    /// Starts with an empty stream.
    public init() {}

    /// Bytes that wait for the rest of their frame.
    public var bufferedBytes: Int { buffer.count - offset }

    /// Bytes of memory that it holds.
    var reservedBytes: Int { buffer.capacity }

    /// Takes the next bytes of the stream.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if offset > 0 {
            buffer.removeFirst(offset)
            offset = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole frame, or nil when more bytes are needed.
    ///
    /// - Throws: ``WireError`` when the stream holds something else than frames.
    public mutating func next() throws(WireError) -> Frame? {
        try withNext { bytes throws(WireError) in try Frame.decode(bytes) }
    }

    /// Lends the bytes of the next whole frame after its length prefix; nil when more bytes are needed.
    ///
    /// - Throws: ``WireError`` when the stream holds something else than frames; what `body` throws.
    public mutating func withNext<Value>(
        _ body: (UnsafeRawBufferPointer) throws(WireError) -> Value
    ) throws(WireError) -> Value? {
        guard bufferedBytes >= Self.prefixBytes else {
            if bufferedBytes == 0, buffer.capacity > Self.maxIdleBytes { (buffer, offset) = ([], 0) }
            return nil
        }
        let start = offset + Self.prefixBytes
        var length = 0
        for index in 0..<Self.prefixBytes { length |= Int(buffer[offset + index]) << (8 * index) }
        guard length > 0, length <= WireLimits.maxFrameBytes else {
            throw WireError(
                .frameTooLarge, "a frame of \(length) bytes; frames have 1 to \(WireLimits.maxFrameBytes) bytes")
        }
        guard buffer.count - start >= length else { return nil }
        offset = start + length
        return try buffer.withUnsafeBufferPointer { bytes throws(WireError) in
            try body(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[start..<(start + length)])))
        }
    }
}
