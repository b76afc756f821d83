/// Reads a frame's fields in order and never past the end.
struct FrameCursor {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private var remaining: Int { bytes.count - offset }

    mutating func integer<Integer: FixedWidthInteger>(_ field: StaticString) throws(WireError) -> Integer {
        let size = MemoryLayout<Integer>.size
        guard remaining >= size else { throw truncated(field) }
        let value = bytes.loadUnaligned(fromByteOffset: offset, as: Integer.self)
        offset += size
        return Integer(littleEndian: value)
    }

    /// The bytes of a field with a length, where they lie.
    mutating func span(_ field: StaticString, limit: Int) throws(WireError) -> UnsafeRawBufferPointer {
        let length = Int(try integer(field) as UInt32)
        guard length <= limit else {
            throw WireError(.malformed, "the \(field) is \(length) bytes long and the limit is \(limit)")
        }
        guard remaining >= length else { throw truncated(field) }
        defer { offset += length }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + length)])
    }

    mutating func flag(_ field: StaticString) throws(WireError) -> Bool {
        switch try integer(field) as UInt8 {
        case 0: return false
        case 1: return true
        case let value: throw WireError(.malformed, "the \(field) is \(value); it must be 0 or 1")
        }
    }

    mutating func blob(_ field: StaticString) throws(WireError) -> [UInt8] {
        Array(try span(field, limit: WireLimits.maxFrameBytes))
    }

    mutating func text(_ field: StaticString, limit: Int) throws(WireError) -> String {
        String(decoding: try span(field, limit: limit), as: UTF8.self)
    }

    mutating func headerCount() throws(WireError) -> Int {
        let count = Int(try integer("header count") as UInt16)
        guard count <= WireLimits.maxHeaderCount else {
            throw WireError(.malformed, "\(count) header lines; the limit is \(WireLimits.maxHeaderCount)")
        }
        return count
    }

    mutating func headers() throws(WireError) -> [HeaderField] {
        let count = try headerCount()
        var headers: [HeaderField] = []
        headers.reserveCapacity(count)
        for _ in 0..<count {
            let name = try text("header name", limit: WireLimits.maxHeaderBytes)
            let value = try text("header value", limit: WireLimits.maxHeaderBytes)
            headers.append(HeaderField(name: name, value: value))
        }
        return headers
    }

    /// Nothing may follow the last field of a frame.
    func end(of type: UInt8) throws(WireError) {
        guard remaining == 0 else {
            throw WireError(.malformed, "\(remaining) bytes follow the last field of a frame of type \(type)")
        }
    }

    private func truncated(_ field: StaticString) -> WireError {
        WireError(.malformed, "the frame ends inside the \(field), at byte \(offset) of \(bytes.count)")
    }
}
