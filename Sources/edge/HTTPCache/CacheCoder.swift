/// Writes values as bytes: integers as LEB128, texts with their length before them.
struct CacheWriter {
    private(set) var bytes: [UInt8] = []

    mutating func byte(_ byte: UInt8) { bytes.append(byte) }

    mutating func number(_ number: Int64) {
        var rest = UInt64(bitPattern: number)
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func text(_ text: String) {
        number(Int64(text.utf8.count))
        bytes += text.utf8
    }

    /// 0 for nil, else 1 and the value.
    mutating func optional<Value>(_ value: Value?, _ write: (inout CacheWriter, Value) -> Void) {
        byte(value == nil ? 0 : 1)
        if let value { write(&self, value) }
    }
}

/// Reads what `CacheWriter` wrote. Every read throws on input that is too short, too long or written otherwise.
struct CacheReader {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { index == bytes.count }

    mutating func byte() throws -> UInt8 {
        guard index < bytes.count else { throw HTTPCacheError("the record ends early") }
        index += 1
        return bytes[index - 1]
    }

    /// - Parameter limit: The greatest number that may be read.
    mutating func number(limit: Int64) throws -> Int64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 63, by: 7) {
            let byte = try byte()
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            guard byte < 0x80 else { continue }
            guard value <= UInt64(max(0, limit)), byte != 0 || shift == 0 else { break }
            return Int64(value)
        }
        throw HTTPCacheError("the record holds a number beyond its limit")
    }

    /// - Parameter limit: Most bytes of the text.
    mutating func text(limit: Int) throws -> String {
        let count = Int(try number(limit: Int64(limit)))
        guard bytes.count - index >= count else { throw HTTPCacheError("the record ends early") }
        defer { index += count }
        guard let text = String(validating: bytes[index..<index + count], as: UTF8.self) else {
            throw HTTPCacheError("the record holds a text that is not UTF-8")
        }
        return text
    }

    mutating func optional<Value>(_ read: (inout CacheReader) throws -> Value) throws -> Value? {
        switch try byte() {
        case 0: return nil
        case 1: return try read(&self)
        default: throw HTTPCacheError("the record holds a mark that is neither 0 nor 1")
        }
    }

    /// - Parameter limit: Most elements.
    mutating func list<Element>(limit: Int, _ read: (inout CacheReader) throws -> Element) throws -> [Element] {
        let count = try number(limit: Int64(limit))
        var elements: [Element] = []
        for _ in 0..<count { elements.append(try read(&self)) }
        return elements
    }
}
