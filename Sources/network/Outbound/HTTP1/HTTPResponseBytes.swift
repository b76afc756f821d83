import NIOCore

/// Bytes of heads: classes of RFC 9110 section 5.6, and texts made of them.
enum HTTPResponseBytes {
    private static let token: [Bool] = {
        var table = [Bool](repeating: false, count: 256)
        let all = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
        for byte in all.utf8 { table[Int(byte)] = true }
        return table
    }()

    /// A byte of a field's name.
    @inline(__always) static func isToken(_ byte: UInt8) -> Bool { token[Int(byte)] }
    /// A byte of a field's value: every other control byte could be read differently downstream.
    @inline(__always) static func isValue(_ byte: UInt8) -> Bool { byte == 9 || byte >= 0x20 && byte != 0x7f }
    @inline(__always) static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// The value of a hexadecimal digit in either case.
    static func hexValue(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }

    /// A token's text with its letters in lower case.
    static func lowercased(_ bytes: UnsafeRawBufferPointer.SubSequence) -> String {
        String(unsafeUninitializedCapacity: bytes.count) { text in
            var count = 0
            for byte in bytes {
                text[count] = byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
                count += 1
            }
            return count
        }
    }

    /// A value's text.
    static func text(_ bytes: UnsafeRawBufferPointer.SubSequence) -> String {
        String(validating: bytes, as: UTF8.self) ?? String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }

    /// Without blanks at both ends.
    static func trimmed(_ text: some StringProtocol) -> String {
        let bytes = Array(text.utf8)
        guard let first = bytes.firstIndex(where: { $0 != 0x20 && $0 != 9 }),
            let last = bytes.lastIndex(where: { $0 != 0x20 && $0 != 9 })
        else { return "" }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }

    /// A decimal number of 1 to 18 digits and nothing else, so that it can never overflow.
    static func decimal(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 18, text.utf8.allSatisfy(isDigit) else { return nil }
        return Int(text)
    }
}
