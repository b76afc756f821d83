/// A dictionary of structured fields (RFC 9651 section 4.2.2), as far as targeted cache control needs it: parameters are
/// checked and forgotten, and of values only integers, booleans and strings are kept.
struct StructuredDictionary {
    /// What a member says.
    enum Value: Equatable {
        case integer(Int64)
        case boolean(Bool)
        case string(String)
        /// A decimal, token, byte sequence, date, display string or inner list.
        case other
    }

    /// Longest value that is read, in bytes.
    static let maximumBytes = 16_384

    /// By key; of members with the same key the last counts.
    let members: [String: Value]

    /// Nil if the value is not a dictionary.
    init?(_ value: String) {
        guard value.utf8.count <= StructuredDictionary.maximumBytes else { return nil }
        var reader = Reader(bytes: Array(value.utf8))
        guard let members = reader.dictionary() else { return nil }
        self.members = members
    }

    private struct Reader {
        let bytes: [UInt8]
        var index = 0

        private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

        private mutating func take(_ character: Character) -> Bool {
            guard let byte = next, byte == character.asciiValue else { return false }
            index += 1
            return true
        }

        private mutating func skip(_ isSkipped: (UInt8) -> Bool) {
            while let byte = next, isSkipped(byte) { index += 1 }
        }

        mutating func dictionary() -> [String: Value]? {
            var members: [String: Value] = [:]
            skip { $0 == 0x20 }
            while next != nil {
                guard let key = key() else { return nil }
                var value = Value.boolean(true)
                if take("=") {
                    guard let found = next == UInt8(ascii: "(") ? innerList() : bareItem() else { return nil }
                    value = found
                }
                guard parameters() else { return nil }
                members[key] = value
                skip { $0 == 0x20 || $0 == 0x09 }
                if next == nil { return members }
                guard take(",") else { return nil }
                skip { $0 == 0x20 || $0 == 0x09 }
                // A comma at the end is an error.
                if next == nil { return nil }
            }
            return members
        }

        private mutating func key() -> String? {
            let start = index
            guard let first = next, Reader.isLower(first) || first == UInt8(ascii: "*") else { return nil }
            skip { Reader.isLower($0) || Reader.isDigit($0) || "_-.*".utf8.contains($0) }
            return String(decoding: bytes[start..<index], as: UTF8.self)
        }

        private static func isLower(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
        private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

        private mutating func parameters() -> Bool {
            while take(";") {
                skip { $0 == 0x20 }
                guard key() != nil else { return false }
                if take("="), bareItem() == nil { return false }
            }
            return true
        }

        private mutating func innerList() -> Value? {
            guard take("(") else { return nil }
            while next != nil {
                skip { $0 == 0x20 }
                if take(")") { return .other }
                guard bareItem() != nil, parameters() else { return nil }
                guard next == 0x20 || next == UInt8(ascii: ")") else { return nil }
            }
            return nil
        }

        private mutating func bareItem() -> Value? {
            guard let first = next else { return nil }
            switch first {
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return number()
            case UInt8(ascii: "\""): return string()
            case UInt8(ascii: "?"):
                index += 1
                if take("1") { return .boolean(true) }
                return take("0") ? .boolean(false) : nil
            case UInt8(ascii: ":"): return bytesItem()
            case UInt8(ascii: "@"):
                index += 1
                guard case .integer = number() else { return nil }
                return .other
            case UInt8(ascii: "%"):
                index += 1
                return string() == nil ? nil : .other
            default: return token(first)
            }
        }

        private mutating func number() -> Value? {
            let isNegative = take("-")
            let start = index
            skip(Reader.isDigit)
            let digits = bytes[start..<index]
            guard !digits.isEmpty else { return nil }
            if take(".") {
                let fraction = index
                skip(Reader.isDigit)
                return digits.count <= 12 && (1...3).contains(index - fraction) ? .other : nil
            }
            guard digits.count <= 15 else { return nil }
            let value = digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
            return .integer(isNegative ? -value : value)
        }

        private mutating func string() -> Value? {
            guard take("\"") else { return nil }
            var text: [UInt8] = []
            while let byte = next {
                index += 1
                switch byte {
                case UInt8(ascii: "\""): return .string(String(decoding: text, as: UTF8.self))
                case UInt8(ascii: "\\"):
                    guard let escaped = next, escaped == UInt8(ascii: "\"") || escaped == UInt8(ascii: "\\") else {
                        return nil
                    }
                    text.append(escaped)
                    index += 1
                case 0x20...0x7E: text.append(byte)
                default: return nil
                }
            }
            return nil
        }

        private mutating func bytesItem() -> Value? {
            index += 1
            skip { $0 != UInt8(ascii: ":") && (Reader.isAlphanumeric($0) || "+/=".utf8.contains($0)) }
            return take(":") ? .other : nil
        }

        private static func isAlphanumeric(_ byte: UInt8) -> Bool {
            isLower(byte) || isDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        }

        private mutating func token(_ first: UInt8) -> Value? {
            guard Reader.isAlphanumeric(first) && !Reader.isDigit(first) || first == UInt8(ascii: "*") else {
                return nil
            }
            skip { FieldText.isTokenByte($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "/") }
            return .other
        }
    }
}
