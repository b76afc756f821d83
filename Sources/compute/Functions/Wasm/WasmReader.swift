/// Reads the encoding of WebAssembly modules (WebAssembly, section 5). Nothing is read beyond the end.
struct WasmReader {
    private let bytes: [UInt8]
    /// Where the next byte is.
    private(set) var offset: Int
    /// Where this part of the module ends.
    let end: Int

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        offset = 0
        end = bytes.count
    }

    private init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { offset >= end }

    /// What is wrong, with the place where it was read.
    func error(_ problem: String, at place: Int? = nil) -> FunctionError {
        FunctionError(.badModule, "byte \(place ?? offset): \(problem)")
    }

    mutating func byte(_ what: String) throws(FunctionError) -> UInt8 {
        guard offset < end else { throw error("the module ends where \(what) should be") }
        defer { offset += 1 }
        return bytes[offset]
    }

    /// An unsigned number in LEB128, of at most five bytes (section 5.2.2).
    mutating func number(_ what: String) throws(FunctionError) -> Int {
        let start = offset
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 35, by: 7) {
            let next = try byte(what)
            value |= UInt64(next & 0x7F) << UInt64(shift)
            guard next & 0x80 != 0 else {
                guard value <= UInt64(UInt32.max) else { break }
                return Int(value)
            }
        }
        throw error("\(what) is no number of 32 bits", at: start)
    }

    /// A part that begins here.
    mutating func part(_ count: Int, _ what: String) throws(FunctionError) -> WasmReader {
        guard count <= end - offset else {
            throw error("\(what) has \(count) bytes, but only \(end - offset) are left")
        }
        defer { offset += count }
        return WasmReader(bytes, offset..<offset + count)
    }

    /// A name (section 5.2.4).
    mutating func name(_ what: String) throws(FunctionError) -> String {
        let start = offset
        let count = try number("the length of \(what)")
        guard count <= WasmModule.maxNameBytes else {
            throw error("\(what) has \(count) bytes; at most \(WasmModule.maxNameBytes) are allowed", at: start)
        }
        let range = try part(count, what)
        guard let text = String(validating: bytes[range.offset..<range.end], as: UTF8.self) else {
            throw error("\(what) is no UTF-8", at: start)
        }
        return text
    }
}
