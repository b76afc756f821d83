import NIOCore

/// Bodies that consist of several parts: each but the last is a 32-bit little-endian length and its bytes.
enum LengthPrefixed {
    /// The parts of a body; the last one is what is left.
    ///
    /// Nil if a length goes beyond the end.
    static func split(_ body: ByteBuffer, into count: Int) -> [[UInt8]]? {
        var body = body
        var parts: [[UInt8]] = []
        for _ in 0..<max(0, count - 1) {
            guard let length = body.readInteger(endianness: .little, as: UInt32.self),
                let bytes = body.readBytes(length: Int(length))
            else { return nil }
            parts.append(bytes)
        }
        parts.append(Array(body.readableBytesView))
        return parts
    }

    /// A body of these parts.
    static func join(_ parts: [[UInt8]]) -> ByteBuffer {
        var body = ByteBuffer()
        for (index, part) in parts.enumerated() {
            if index < parts.count - 1 { body.writeInteger(UInt32(clamping: part.count), endianness: .little) }
            body.writeBytes(part)
        }
        return body
    }
}
