/// Cuts JavaScript into tokens, as far as finding exports needs: strings, templates, comments and regular expressions
/// become single tokens, so that nothing inside them is taken for code.
struct ModuleTokenizer {
    enum Kind: Equatable { case word, number, string, template, regex, punctuator, end }

    struct Token {
        var kind: Kind
        var range: Range<Int>
        var text: String
        /// Brackets that are open around the token; an opening bracket counts itself out, a closing one too.
        var depth: Int
        /// A line ends between the previous token and this one.
        var followsNewline: Bool
    }

    /// Nesting beyond this is refused.
    static let maxDepth = 2_000

    private enum Bracket { case parenthesis(afterKeyword: Bool), square, block, object, substitution }

    private let source: [UInt8]
    private let fileName: String
    private var position = 0
    private var brackets: [Bracket] = []
    private var previous: Token?
    private var previousEndsExpression = false
    /// Open conditional operators by bracket depth, to tell `a ? b : {` from a label.
    private var conditionals: [Int: Int] = [:]
    private var colonEndsConditional = false

    init(_ source: [UInt8], fileName: String) {
        self.source = source
        self.fileName = fileName
    }

    static func tokens(of source: [UInt8], fileName: String) throws(FunctionError) -> [Token] {
        var tokenizer = ModuleTokenizer(source, fileName: fileName)
        var tokens: [Token] = []
        while true {
            let token = try tokenizer.next()
            tokens.append(token)
            if token.kind == .end { return tokens }
        }
    }

    // MARK: Tokens

    private mutating func next() throws(FunctionError) -> Token {
        let followsNewline = try skipTrivia()
        let start = position
        guard position < source.count else {
            guard brackets.isEmpty else { throw failure(at: start, "the file ends inside a bracket") }
            return Token(kind: .end, range: start..<start, text: "", depth: 0, followsNewline: followsNewline)
        }
        var kind = Kind.punctuator
        var depth = brackets.count
        var endsExpression = false
        let byte = source[position]
        if Self.isWordByte(byte) {
            kind = Self.isDigit(byte) ? .number : .word
            skipWord(isNumber: kind == .number)
            endsExpression = true
        } else if byte == UInt8(ascii: "."), Self.isDigit(peek(1)) {
            kind = .number
            skipWord(isNumber: true)
            endsExpression = true
        } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
            kind = .string
            try skipString(byte)
            endsExpression = true
        } else if byte == UInt8(ascii: "`") {
            kind = .template
            position += 1
            endsExpression = try skipTemplate(from: start)
        } else if byte == UInt8(ascii: "/"), !previousEndsExpression {
            kind = .regex
            try skipRegex()
            endsExpression = true
        } else if byte == UInt8(ascii: "}"), case .substitution? = brackets.last {
            kind = .template
            brackets.removeLast()
            position += 1
            depth = brackets.count
            endsExpression = try skipTemplate(from: start)
        } else {
            endsExpression = try skipPunctuator(&depth)
        }
        let text = String(decoding: source[start..<position], as: UTF8.self)
        if kind == .word { endsExpression = !isOperatorWord(text) }
        let token = Token(
            kind: kind, range: start..<position, text: text, depth: depth, followsNewline: followsNewline)
        previous = token
        previousEndsExpression = endsExpression
        return token
    }

    /// A word after which an operand follows, so that `/` starts a regular expression.
    private func isOperatorWord(_ word: String) -> Bool {
        if previous?.text == "." || previous?.text == "?." { return false }
        return Self.operatorWords.contains(word)
    }

    static let operatorWords: Set<String> = [
        "return", "typeof", "instanceof", "in", "of", "new", "delete", "void", "throw", "case", "do", "else", "await",
        "yield", "extends", "default", "export", "import",
    ]

    private mutating func skipPunctuator(_ depth: inout Int) throws(FunctionError) -> Bool {
        let start = position
        let byte = source[position]
        position += 1
        switch byte {
        case UInt8(ascii: "("):
            let keyword =
                previous.map { $0.kind == .word && ["if", "while", "for", "with"].contains($0.text) } ?? false
            try open(.parenthesis(afterKeyword: keyword), at: start)
            return false
        case UInt8(ascii: "["):
            try open(.square, at: start)
            return false
        case UInt8(ascii: "{"):
            try open(startsBlock ? .block : .object, at: start)
            return false
        case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
            return try close(byte, at: start, &depth)
        case UInt8(ascii: "?"):
            if peek(0) == UInt8(ascii: "."), !Self.isDigit(peek(1)) {
                position += 1
            } else if peek(0) == UInt8(ascii: "?") {
                position += peek(1) == UInt8(ascii: "=") ? 2 : 1
            } else {
                conditionals[brackets.count, default: 0] += 1
            }
            return false
        case UInt8(ascii: ":"):
            let open = conditionals[brackets.count, default: 0]
            colonEndsConditional = open > 0
            conditionals[brackets.count] = max(0, open - 1)
            return false
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard peek(0) == byte else { return false }
            position += 1
            // A postfix operator keeps the expression's end, a prefix operator awaits its operand.
            return previousEndsExpression
        case UInt8(ascii: "="):
            if peek(0) == UInt8(ascii: ">") { position += 1 }
            return false
        default:
            return false
        }
    }

    private mutating func open(_ bracket: Bracket, at offset: Int) throws(FunctionError) {
        guard brackets.count < Self.maxDepth else {
            throw failure(at: offset, "brackets are nested deeper than \(Self.maxDepth)")
        }
        brackets.append(bracket)
        conditionals[brackets.count] = nil
    }

    private mutating func close(_ byte: UInt8, at offset: Int, _ depth: inout Int) throws(FunctionError) -> Bool {
        let bracket = brackets.popLast()
        depth = brackets.count
        switch (bracket, byte) {
        case (.parenthesis(let afterKeyword)?, UInt8(ascii: ")")): return !afterKeyword
        case (.square?, UInt8(ascii: "]")): return true
        case (.block?, UInt8(ascii: "}")): return false
        case (.object?, UInt8(ascii: "}")): return true
        default: throw failure(at: offset, "a closing bracket does not match")
        }
    }

    /// Whether a brace opens a block (or a body) rather than an object literal.
    private var startsBlock: Bool {
        guard let previous else { return true }
        switch previous.text {
        case ")", ";", "{", "}", "=>", "else", "do", "try", "finally": return previous.kind != .string
        case ":":
            if case .object? = brackets.last { return false }
            return !colonEndsConditional
        default: return previousEndsExpression
        }
    }

    // MARK: Characters

    private func peek(_ distance: Int) -> UInt8 {
        position + distance < source.count ? source[position + distance] : 0
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"), UInt8(ascii: "#"),
            UInt8(ascii: "\\"), 0x80...:
            true
        default: false
        }
    }

    private mutating func skipWord(isNumber: Bool) {
        while position < source.count {
            let byte = source[position]
            let isExponentSign =
                isNumber && (byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-"))
                && (source[position - 1] | 0x20) == UInt8(ascii: "e") && !isHexadecimal
            guard Self.isWordByte(byte) || (isNumber && byte == UInt8(ascii: ".")) || isExponentSign else { return }
            position += 1
        }
    }

    /// The number that ends here began with `0x`, so that its `e` is a digit.
    private var isHexadecimal: Bool {
        var start = position
        while start > 0, Self.isWordByte(source[start - 1]) { start -= 1 }
        return start + 1 < source.count && source[start] == UInt8(ascii: "0")
            && (source[start + 1] | 0x20) == UInt8(ascii: "x")
    }

    private mutating func skipTrivia() throws(FunctionError) -> Bool {
        var sawNewline = false
        while position < source.count {
            let byte = source[position]
            if byte == 0x0A || byte == 0x0D {
                sawNewline = true
                position += 1
            } else if byte == 0x20 || byte == 0x09 || byte == 0x0B || byte == 0x0C {
                position += 1
            } else if source[position...].starts(with: [0xEF, 0xBB, 0xBF]) {
                position += 3
            } else if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "/") {
                while position < source.count, source[position] != 0x0A { position += 1 }
            } else if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
                let start = position
                position += 2
                while !(peek(0) == UInt8(ascii: "*") && peek(1) == UInt8(ascii: "/")) {
                    guard position < source.count else { throw failure(at: start, "a comment is not closed") }
                    if source[position] == 0x0A { sawNewline = true }
                    position += 1
                }
                position += 2
            } else {
                break
            }
        }
        return sawNewline
    }

    private mutating func skipString(_ quote: UInt8) throws(FunctionError) {
        let start = position
        position += 1
        while position < source.count, source[position] != quote {
            if source[position] == 0x0A { break }
            position += source[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard position < source.count, source[position] == quote else {
            throw failure(at: start, "a string is not closed")
        }
        position += 1
    }

    /// Reads a template up to its end (true) or to a substitution (false).
    private mutating func skipTemplate(from start: Int) throws(FunctionError) -> Bool {
        while position < source.count {
            switch source[position] {
            case UInt8(ascii: "`"):
                position += 1
                return true
            case UInt8(ascii: "\\"):
                position += 2
            case UInt8(ascii: "$") where peek(1) == UInt8(ascii: "{"):
                position += 2
                try open(.substitution, at: start)
                return false
            default:
                position += 1
            }
        }
        position = source.count
        throw failure(at: start, "a template is not closed")
    }

    private mutating func skipRegex() throws(FunctionError) {
        let start = position
        position += 1
        var isInClass = false
        while position < source.count, source[position] != 0x0A {
            let byte = source[position]
            if byte == UInt8(ascii: "\\") {
                position += 2
                continue
            }
            position += 1
            if byte == UInt8(ascii: "[") { isInClass = true }
            if byte == UInt8(ascii: "]") { isInClass = false }
            if byte == UInt8(ascii: "/"), !isInClass {
                while position < source.count, Self.isWordByte(source[position]) { position += 1 }
                return
            }
        }
        throw failure(at: start, "a regular expression is not closed")
    }

    func failure(at offset: Int, _ what: String) -> FunctionError {
        Self.failure(in: source, fileName: fileName, at: offset, what)
    }

    /// An error with its place as `file:line:column`.
    static func failure(in source: [UInt8], fileName: String, at offset: Int, _ what: String) -> FunctionError {
        let before = source.prefix(offset)
        let line = before.count { $0 == 0x0A } + 1
        let column = offset - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
        return FunctionError(.badModule, "\(fileName):\(line):\(column): \(what)")
    }
}
