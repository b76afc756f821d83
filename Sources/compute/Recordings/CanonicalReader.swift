import Blake3
import WorkerProtocol

/// Reads what ``CanonicalWriter`` writes, and nothing else; never past the end.
struct CanonicalReader {
    private let bytes: ArraySlice<UInt8>
    private var offset: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        offset = bytes.startIndex
    }

    var remaining: Int { bytes.endIndex - offset }

    mutating func raw(_ count: Int, _ field: StaticString) throws(RecordingError) -> ArraySlice<UInt8> {
        guard count >= 0, remaining >= count else { throw truncated(field) }
        defer { offset += count }
        return bytes[offset..<(offset + count)]
    }

    mutating func integer<Integer: FixedWidthInteger & UnsignedInteger>(
        _ field: StaticString
    ) throws(RecordingError) -> Integer {
        var value: Integer = 0
        for (index, byte) in try raw(MemoryLayout<Integer>.size, field).enumerated() {
            value |= Integer(byte) << Integer(8 * index)
        }
        return value
    }

    mutating func flag(_ field: StaticString) throws(RecordingError) -> Bool {
        switch try integer(field) as UInt8 {
        case 0: return false
        case 1: return true
        case let value: throw RecordingError(.malformed, "The \(field) is \(value); it must be 0 or 1")
        }
    }

    /// A number of things, of which each takes at least `itemBytes`.
    mutating func count(_ field: StaticString, limit: Int, itemBytes: Int = 1) throws(RecordingError) -> Int {
        let number = Int(try integer(field) as UInt32)
        guard number <= limit else {
            throw RecordingError(.tooLarge, "The \(field) is \(number) long; the limit is \(limit)")
        }
        guard number <= remaining / itemBytes else { throw truncated(field) }
        return number
    }

    mutating func blob(_ field: StaticString, limit: Int) throws(RecordingError) -> [UInt8] {
        Array(try raw(try count(field, limit: limit), field))
    }

    mutating func text(
        _ field: StaticString, limit: Int = RecordingLimits.maxTextBytes
    ) throws(RecordingError) -> String {
        // Bytes that would be repaired would have two forms.
        guard let text = String(validating: try raw(try count(field, limit: limit), field), as: UTF8.self) else {
            throw RecordingError(.malformed, "The \(field) is not UTF-8")
        }
        return text
    }

    mutating func digest(_ field: StaticString) throws(RecordingError) -> Digest {
        guard let digest = Digest(try raw(Digest.byteCount, field)) else { throw truncated(field) }
        return digest
    }

    mutating func headers(_ field: StaticString) throws(RecordingError) -> [HeaderField] {
        let lines = try count(field, limit: RecordingLimits.maxHeaders, itemBytes: 8)
        var fields: [HeaderField] = []
        for _ in 0..<lines {
            let name = try text(field)
            fields.append(HeaderField(name: name, value: try text(field)))
        }
        return fields
    }

    func finish() throws(RecordingError) {
        guard remaining == 0 else {
            throw RecordingError(.malformed, "\(remaining) bytes follow the last field")
        }
    }

    private func truncated(_ field: StaticString) -> RecordingError {
        RecordingError(.malformed, "The bytes end inside the \(field), at byte \(offset - bytes.startIndex)")
    }
}
