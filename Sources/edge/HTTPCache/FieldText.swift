/// Small readers for the values of fields (RFC 9110 section 5.6).
enum FieldText {
    /// Without spaces and tabs around it.
    static func trimmed(_ text: some StringProtocol) -> String {
        String(decoding: trimmed(Array(text.utf8)[...]), as: UTF8.self)
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = bytes
        while let byte = rest.first, byte == 0x20 || byte == 0x09 { rest = rest.dropFirst() }
        while let byte = rest.last, byte == 0x20 || byte == 0x09 { rest = rest.dropLast() }
        return rest
    }

    /// The members of a list, without white space around them and without empty ones; commas in quoted strings part nothing.
    static func members(_ text: String, separator: UInt8 = UInt8(ascii: ",")) -> [String] {
        split(text, separator: separator).filter { !$0.isEmpty }
    }

    /// As `members`, with the empty ones. A quote that nothing closes is a character like others: it must not hide what stands
    /// behind it.
    static func split(_ text: String, separator: UInt8 = UInt8(ascii: ",")) -> [String] {
        let bytes = Array(text.utf8)
        var members: [String] = []
        var start = 0
        var index = 0
        var mayQuote = true
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\""), mayQuote {
                if let end = endOfString(bytes, from: index) { index = end } else { mayQuote = false }
            } else if bytes[index] == separator {
                members.append(String(decoding: trimmed(bytes[start..<index]), as: UTF8.self))
                start = index + 1
            }
            index += 1
        }
        members.append(String(decoding: trimmed(bytes[start...]), as: UTF8.self))
        return members
    }

    /// Where the quote is that closes the one at `start`; nil if none does.
    private static func endOfString(_ bytes: [UInt8], from start: Int) -> Int? {
        var index = start + 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return index < bytes.count ? index : nil
    }

    /// Whether every byte may stand in a token (RFC 9110 section 5.6.2), and there is one.
    static func isToken(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(isTokenByte)
    }

    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
        default: false
        }
    }

    /// What a quoted string says; nil if the text is not exactly one.
    static func unquoted(_ text: some StringProtocol) -> String? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 2, bytes.first == UInt8(ascii: "\""), bytes.last == UInt8(ascii: "\"") else { return nil }
        var content: [UInt8] = []
        var isEscaped = false
        for byte in bytes[1..<bytes.count - 1] {
            if isEscaped {
                content.append(byte)
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                return nil
            } else {
                content.append(byte)
            }
        }
        return isEscaped ? nil : String(decoding: content, as: UTF8.self)
    }

    /// A number of seconds, at most 2^31 whatever is written (RFC 9111 section 1.2.2); nil if it is not digits alone.
    static func deltaSeconds(_ text: some StringProtocol) -> Int64? {
        guard !text.isEmpty else { return nil }
        var value: Int64 = 0
        for byte in text.utf8 {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = min(value * 10 + Int64(byte - UInt8(ascii: "0")), maximumSeconds)
        }
        return value
    }

    /// The greatest number of seconds that the cache counts with: 2^31.
    static let maximumSeconds: Int64 = 2_147_483_648
}
