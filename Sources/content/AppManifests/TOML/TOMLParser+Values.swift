/// Values.
extension TOMLParser {
    mutating func value(depth: Int) throws(TOMLError) -> TOMLValue {
        let start = position
        guard depth < TOMLLimits.maxDepth else {
            throw failure("lists and tables are nested deeper than \(TOMLLimits.maxDepth)")
        }
        switch peek() {
        case nil, "\n", "\r", "#": throw failure("a value is missing; write one behind =")
        case "\"":
            return TOMLValue(.string(try isTriple("\"") ? longString("\"") : basicString()), at: start)
        case "'":
            return TOMLValue(.string(try isTriple("'") ? longString("'") : literalString()), at: start)
        case "[": return TOMLValue(.array(try array(depth)), at: start)
        case "{": return TOMLValue(.table(try inlineTable(depth)), at: start)
        default: return TOMLValue(try plain(), at: start)
        }
    }

    private mutating func array(_ depth: Int) throws(TOMLError) -> [TOMLValue] {
        let start = position
        index += 1
        var values: [TOMLValue] = []
        while true {
            try skipBlank(acrossLines: true)
            if peek() == "]" {
                index += 1
                return values
            }
            guard peek() != nil else { throw failure("the list that begins here is not closed; write ]", at: start) }
            values.append(try value(depth: depth + 1))
            try skipBlank(acrossLines: true)
            switch peek() {
            case ",": index += 1
            case "]": continue
            case nil: throw failure("the list that begins here is not closed; write ]", at: start)
            default: throw failure("between the values of a list stands a comma")
            }
        }
    }

    private mutating func inlineTable(_ depth: Int) throws(TOMLError) -> TOMLTable {
        let node = TOMLNode(position, .header)
        index += 1
        try skipBlank()
        if peek() == "}" {
            index += 1
            return node.table
        }
        while true {
            let path = try keyPath()
            guard peek() == "=" else { throw failure("after the name comes = and a value") }
            index += 1
            try skipBlank()
            try assign(try value(depth: depth + 1), to: path, in: node)
            try skipBlank()
            switch peek() {
            case ",":
                index += 1
                try skipBlank()
            case "}":
                index += 1
                return node.table
            default: throw failure("the table in braces ends with } on the same line, and has commas between its keys")
            }
        }
    }

    // MARK: Strings

    private func isTriple(_ quote: Unicode.Scalar) -> Bool { peek(1) == quote && peek(2) == quote }

    mutating func basicString() throws(TOMLError) -> String {
        let start = position
        index += 1
        var result = String.UnicodeScalarView()
        while let next = peek() {
            switch next {
            case "\"":
                index += 1
                return String(result)
            case "\\": result.append(try escape())
            default:
                guard TOMLParser.isAllowed(next) else {
                    throw failure("the text that begins here is not closed; write \" at its end", at: start)
                }
                result.append(next)
                index += 1
            }
        }
        throw failure("the text that begins here is not closed; write \" at its end", at: start)
    }

    mutating func literalString() throws(TOMLError) -> String {
        let start = position
        index += 1
        let first = index
        while let next = peek() {
            if next == "'" {
                index += 1
                return text(first..<(index - 1))
            }
            guard TOMLParser.isAllowed(next) else { break }
            index += 1
        }
        throw failure("the text that begins here is not closed; write ' at its end", at: start)
    }

    /// A text in three quotes, over several lines; its first line end is no part of it.
    private mutating func longString(_ quote: Unicode.Scalar) throws(TOMLError) -> String {
        let start = position
        index += 3
        _ = skipNewline()
        var result = String.UnicodeScalarView()
        while let next = peek() {
            if next == quote, isTriple(quote) {
                index += 3
                // Up to two quotes may stand right before the end.
                for _ in 0..<2 where peek() == quote {
                    result.append(quote)
                    index += 1
                }
                return String(result)
            }
            if skipNewline() {
                result.append("\n")
            } else if next == "\\", quote == "\"" {
                if try !skipLineEnd() { result.append(try escape()) }
            } else {
                guard TOMLParser.isAllowed(next) else { throw failure("a control character stands in a text") }
                result.append(next)
                index += 1
            }
        }
        throw failure("the text that begins here is not closed; write three quotes at its end", at: start)
    }

    /// A backslash at the end of a line: the line end and the blanks after it are left out.
    private mutating func skipLineEnd() throws(TOMLError) -> Bool {
        var ahead = 1
        while peek(ahead) == " " || peek(ahead) == "\t" { ahead += 1 }
        guard peek(ahead) == "\n" || (peek(ahead) == "\r" && peek(ahead + 1) == "\n") else { return false }
        index += ahead
        while skipNewline() || peek() == " " || peek() == "\t" {
            if peek() == " " || peek() == "\t" { index += 1 }
        }
        return true
    }

    private mutating func escape() throws(TOMLError) -> Unicode.Scalar {
        let start = position
        index += 1
        let kind = peek()
        index += 1
        switch kind {
        case "b": return "\u{8}"
        case "t": return "\t"
        case "n": return "\n"
        case "f": return "\u{C}"
        case "r": return "\r"
        case "\"": return "\""
        case "\\": return "\\"
        case "u": return try scalar(digits: 4, start)
        case "U": return try scalar(digits: 8, start)
        default:
            throw failure("a backslash begins an escape such as \\n; write \\\\ for a backslash itself", at: start)
        }
    }

    private mutating func scalar(digits: Int, _ start: TOMLPosition) throws(TOMLError) -> Unicode.Scalar {
        let end = min(index + digits, scalars.count)
        let code = text(index..<end)
        index = end
        let isHexadecimal = code.utf8.count == digits && code.unicodeScalars.allSatisfy(\.properties.isASCIIHexDigit)
        guard isHexadecimal, let value = UInt32(code, radix: 16), let scalar = Unicode.Scalar(value) else {
            throw failure("\\\(digits == 4 ? "u" : "U") is followed by \(digits) hexadecimal digits", at: start)
        }
        return scalar
    }

    // MARK: Numbers, dates, truth

    private mutating func plain() throws(TOMLError) -> TOMLValue.Content {
        let start = position
        let first = index
        while let next = peek(), TOMLParser.isPlain(next) { index += 1 }
        // A date and a time may have a blank between them.
        if peek() == " ", let digit = peek(1), ("0"..."9").contains(digit), TOMLParser.isDate(text(first..<index)) {
            index += 1
            while let next = peek(), TOMLParser.isPlain(next) { index += 1 }
        }
        let word = text(first..<index)
        switch word {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "inf", "+inf": return .float(.infinity)
        case "-inf": return .float(-.infinity)
        case "nan", "+nan", "-nan": return .float(.nan)
        default: break
        }
        if let number = TOMLParser.number(word) { return number }
        if TOMLParser.isDate(word) || TOMLParser.isTime(word) { return .date(word) }
        let shown = word.isEmpty ? text(first..<min(first + 1, scalars.count)) : word
        throw failure("\(shown) is no value; put text in quotes: \"\(shown)\"", at: start)
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "+", "-", "_", ".", ":", "/", "@": true
        default: false
        }
    }

    private static func number(_ word: String) -> TOMLValue.Content? {
        let parts = word.split(separator: "_", omittingEmptySubsequences: false)
        // Underscores stand between digits only.
        let isSpaced =
            parts.count == 1
            || parts.allSatisfy { part in
                guard let first = part.unicodeScalars.first, let last = part.unicodeScalars.last else { return false }
                return first.properties.isASCIIHexDigit && last.properties.isASCIIHexDigit
                    || (part == parts.first && last.properties.isASCIIHexDigit)
            }
        guard isSpaced else { return nil }
        let digits = parts.joined()
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where digits.hasPrefix(prefix) {
            let rest = digits.dropFirst(2)
            guard let first = rest.first, first != "-", first != "+" else { return nil }
            return Int64(rest, radix: radix).map { .integer($0) }
        }
        var unsigned = Substring(digits)
        if let sign = unsigned.first, sign == "+" || sign == "-" { unsigned = unsigned.dropFirst() }
        guard let first = unsigned.utf8.first, (0x30...0x39).contains(first) else { return nil }
        let whole = unsigned.prefix { ("0"..."9").contains($0) }
        // 012 could mean two things.
        guard whole.count == 1 || first != 0x30 else { return nil }
        if whole.count == unsigned.count { return Int64(digits).map { .integer($0) } }
        let allowed = unsigned.allSatisfy { ("0"..."9").contains($0) || ".eE+-".contains($0) }
        guard allowed, unsigned.last != ".", !unsigned.contains(".e"), !unsigned.contains(".E"),
            let value = Double(digits)
        else { return nil }
        return .float(value)
    }

    /// Whether a word begins with `yyyy-mm-dd` of a plausible date; what follows may be a time.
    private static func isDate(_ word: String) -> Bool {
        let bytes = Array(word.utf8)
        guard bytes.count >= 10, bytes[4] == 0x2D, bytes[7] == 0x2D,
            [0, 1, 2, 3, 5, 6, 8, 9].allSatisfy({ (0x30...0x39).contains(bytes[$0]) })
        else { return false }
        let month = Int(bytes[5] - 0x30) * 10 + Int(bytes[6] - 0x30)
        let day = Int(bytes[8] - 0x30) * 10 + Int(bytes[9] - 0x30)
        guard (1...12).contains(month), (1...31).contains(day) else { return false }
        guard bytes.count > 10 else { return true }
        guard [0x54, 0x74, 0x20].contains(bytes[10]) else { return false }
        return isTime(String(decoding: bytes[11...], as: UTF8.self))
    }

    /// `hh:mm:ss`, perhaps with a fraction and an offset.
    private static func isTime(_ word: String) -> Bool {
        let bytes = Array(word.utf8)
        guard bytes.count >= 8, bytes[2] == 0x3A, bytes[5] == 0x3A,
            [0, 1, 3, 4, 6, 7].allSatisfy({ (0x30...0x39).contains(bytes[$0]) })
        else { return false }
        return bytes[8...].allSatisfy {
            (0x30...0x39).contains($0) || [0x2E, 0x2B, 0x2D, 0x3A, 0x5A, 0x7A].contains($0)
        }
    }
}
