/// The byte classes of RFC 9110 section 5.6 and RFC 3986, as one table.
enum HTTPCharacters {
    private static let tokenBit: UInt8 = 1
    private static let valueBit: UInt8 = 2
    private static let targetBit: UInt8 = 4
    private static let hostBit: UInt8 = 8
    private static let codeBit: UInt8 = 16
    private static let pathBit: UInt8 = 32

    private static let table: [UInt8] = {
        var table = [UInt8](repeating: 0, count: 256)
        let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)
        for byte in letters + Array("!#$%&'*+-.^_`|~".utf8) { table[Int(byte)] |= tokenBit }
        // Field values: HTAB, SP, VCHAR and obs-text; every other control byte could be read differently downstream.
        for byte in [9] + Array(0x20...0x7e) + Array(0x80...0xff) { table[byte] |= valueBit }
        for byte in 0x21...0x7e where !Array("\"<>#".utf8).contains(UInt8(byte)) { table[byte] |= targetBit }
        for byte in letters + Array("-._".utf8) { table[Int(byte)] |= hostBit }
        for byte in Array("abcdefghijklmnopqrstuvwxyz0123456789-/".utf8) { table[Int(byte)] |= codeBit }
        for byte in letters + Array("-._~!$&'()*+,;=:@/".utf8) { table[Int(byte)] |= pathBit }
        return table
    }()

    /// A byte of a method or a field name.
    @inline(__always) static func isToken(_ byte: UInt8) -> Bool { table[Int(byte)] & tokenBit != 0 }
    /// A byte of a field value.
    @inline(__always) static func isValue(_ byte: UInt8) -> Bool { table[Int(byte)] & valueBit != 0 }
    /// A byte of a request target: visible ASCII without what no URI holds.
    @inline(__always) static func isTarget(_ byte: UInt8) -> Bool { table[Int(byte)] & targetBit != 0 }
    /// A byte of a host name.
    @inline(__always) static func isHost(_ byte: UInt8) -> Bool { table[Int(byte)] & hostBit != 0 }
    /// A byte of an error code.
    static func isCodeByte(_ byte: UInt8) -> Bool { table[Int(byte)] & codeBit != 0 }
    /// A byte that stands for itself in a path.
    static func isPath(_ byte: UInt8) -> Bool { table[Int(byte)] & pathBit != 0 }

    @inline(__always) static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// The value of a hexadecimal digit in either case.
    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// ASCII letters in lower case, every other byte as it is.
    @inline(__always) static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
    }

    /// Whether `bytes` spell `name` in any case; `name` is in lower case.
    static func matches(_ bytes: UnsafeRawBufferPointer.SubSequence, _ name: String) -> Bool {
        guard bytes.count == name.utf8.count else { return false }
        var index = bytes.startIndex
        for expected in name.utf8 {
            guard lowercased(bytes[index]) == expected else { return false }
            index += 1
        }
        return true
    }

    /// A list field's members (RFC 9110 section 5.6.1) without surrounding blanks and empty ones. Quoted strings are
    /// not looked into: only for lists of tokens.
    static func list(_ value: String) -> [String] {
        value.split(separator: ",").map(trimmed).filter { !$0.isEmpty }
    }

    /// ASCII letters in lower case; the text itself where there is none in upper case.
    static func lowercased(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 &- UInt8(ascii: "A") < 26 }) else { return text }
        return String(decoding: text.utf8.map(lowercased), as: UTF8.self)
    }

    /// `text` without blanks at both ends; itself where there are none.
    static func trimmed(_ text: String) -> String {
        guard let first = text.utf8.first, let last = text.utf8.last else { return "" }
        if first != 0x20, first != 9, last != 0x20, last != 9 { return text }
        return trimmed(text[...])
    }

    /// `text` without blanks at both ends.
    static func trimmed(_ text: Substring) -> String {
        let bytes = Array(text.utf8)
        guard let first = bytes.firstIndex(where: { $0 != 0x20 && $0 != 9 }),
            let last = bytes.lastIndex(where: { $0 != 0x20 && $0 != 9 })
        else { return "" }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }

    /// A decimal number of 1 to 18 digits and nothing else, so that it can never overflow.
    static func decimal(_ text: some StringProtocol) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 18, text.utf8.allSatisfy(isDigit) else { return nil }
        return Int(text)
    }
}
