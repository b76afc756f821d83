/// Takes the `export` keywords out of a module and notes what they export.
struct ExportRewriter {
    struct Export: Hashable {
        var name: String
        var binding: String
    }

    /// What an unnamed default export is called inside the script: so short that its declaration takes the place of
    /// `export default`.
    static let defaultBinding = "__skdef"

    private typealias Token = ModuleTokenizer.Token

    private let source: [UInt8]
    private let tokens: [ModuleTokenizer.Token]
    private let fileName: String
    private var index = 0
    private var output: [UInt8] = []
    private var copied = 0
    private(set) var exports: [Export] = []

    init(source: [UInt8], tokens: [ModuleTokenizer.Token], fileName: String) {
        self.source = source
        self.tokens = tokens
        self.fileName = fileName
    }

    mutating func rewrite() throws(FunctionError) -> [UInt8] {
        while token.kind != .end {
            if startsStatement, token.text == "import", !["(", "."].contains(peek(1).text) {
                throw failure(
                    token,
                    "imports are not resolved here; bundle the files into one first, "
                        + "for example with `esbuild --bundle --format=esm`")
            }
            if startsStatement, token.text == "export" { try rewriteExport() } else { index += 1 }
        }
        output += source[copied...]
        var seen: Set<String> = []
        for export in exports where !seen.insert(export.name).inserted {
            throw FunctionError(.badModule, "\(fileName): the name '\(export.name)' is exported twice")
        }
        return output
    }

    // MARK: Forms

    private mutating func rewriteExport() throws(FunctionError) {
        let export = token
        index += 1
        switch token.text {
        case "default": try rewriteDefault(export)
        case "{": try rewriteList(export)
        case "*": throw failure(export, "exports from another file are not resolved here; bundle the files first")
        case "const", "let", "var":
            remove(export.range)
            try noteDeclarations()
        case "function", "class", "async":
            remove(export.range)
            let name = try nameOfDeclaration()
            guard let name else { throw failure(export, "an exported function or class needs a name") }
            exports.append(Export(name: name, binding: name))
        default:
            throw failure(export, "'export' is followed by something that cannot be exported")
        }
    }

    private mutating func rewriteDefault(_ export: Token) throws(FunctionError) {
        let keyword = token
        index += 1
        let isFunction =
            token.text == "function"
            || (token.text == "async" && peek(1).text == "function" && !peek(1).followsNewline)
        guard isFunction || token.text == "class" else {
            replace(export.range.lowerBound..<keyword.range.upperBound, with: "const \(Self.defaultBinding)=")
            exports.append(Export(name: "default", binding: Self.defaultBinding))
            return
        }
        let words = export.range.lowerBound..<keyword.range.upperBound
        if let name = try nameOfDeclaration() {
            remove(words)
            exports.append(Export(name: "default", binding: name))
            return
        }
        // A declaration, unlike an expression, needs no semicolon after it: so it gets a name and stays one.
        let name = " \(Self.defaultBinding)"
        replace(words, with: "", narrowerBy: name.utf8.count)
        var last = index
        while tokens[last].text == "async" || tokens[last].text == "function" || tokens[last].text == "class"
            || tokens[last].text == "*"
        { last += 1 }
        let end = tokens[last - 1].range.upperBound
        replace(end..<end, with: name)
        exports.append(Export(name: "default", binding: Self.defaultBinding))
    }

    /// The name in `async function* name`, `function name` or `class name`; nil for a form without one.
    private func nameOfDeclaration() throws(FunctionError) -> String? {
        var next = index
        if tokens[next].text == "async" { next += 1 }
        guard ["function", "class"].contains(tokens[next].text) else {
            throw failure(tokens[next], "'export async' is followed by something else than a function")
        }
        next += 1
        if tokens[next].text == "*" { next += 1 }
        let name = tokens[next]
        return name.kind == .word && name.text != "extends" ? name.text : nil
    }

    private mutating func rewriteList(_ export: Token) throws(FunctionError) {
        index += 1
        while token.text != "}" {
            let binding = token
            index += 1
            var name = binding
            if token.text == "as" {
                name = peek(1)
                index += 2
            }
            let isName = binding.kind == .word && (name.kind == .word || name.kind == .string)
            guard isName else { throw failure(binding, "the list of exports holds something else than names") }
            let text = name.kind == .string ? String(name.text.dropFirst().dropLast()) : name.text
            exports.append(Export(name: text, binding: binding.text))
            if token.text == "," {
                index += 1
            } else if token.text != "}" {
                throw failure(token, "a comma or the end of the list of exports is missing")
            }
        }
        let end = token
        index += 1
        if token.text == "from", peek(1).kind == .string {
            throw failure(export, "exports from another file are not resolved here; bundle the files first")
        }
        // The semicolon keeps the statements before and after apart.
        replace(export.range.lowerBound..<end.range.upperBound, with: ";")
    }

    // MARK: Variables

    private mutating func noteDeclarations() throws(FunctionError) {
        index += 1
        let depth = token.depth
        while true {
            try noteTarget(depth)
            skipInitializer(depth)
            guard token.text == ",", token.depth == depth else { return }
            index += 1
        }
    }

    /// Notes the names that a binding target declares and stops after it.
    private mutating func noteTarget(_ depth: Int) throws(FunctionError) {
        if token.kind == .word {
            exports.append(Export(name: token.text, binding: token.text))
            index += 1
            return
        }
        guard token.text == "{" || token.text == "[" else { throw failure(token, "a name to declare is missing") }
        let isObject = token.text == "{"
        index += 1
        while !(["}", "]"].contains(token.text) && token.depth == depth) {
            guard token.kind != .end else { throw failure(token, "a destructuring pattern is not closed") }
            if token.text == "," {
                index += 1
                continue
            }
            try noteElement(depth + 1, isObject: isObject)
        }
        index += 1
    }

    private mutating func noteElement(_ depth: Int, isObject: Bool) throws(FunctionError) {
        // A rest element: three dots before its target.
        while token.text == "." { index += 1 }
        if isObject {
            let isComputed = token.text == "["
            var afterKey = index + 1
            if isComputed {
                while tokens[afterKey].kind != .end {
                    if tokens[afterKey].text == "]", tokens[afterKey].depth == depth { break }
                    afterKey += 1
                }
                afterKey += 1
            }
            if afterKey < tokens.count, tokens[afterKey].text == ":" { index = afterKey + 1 }
        }
        try noteTarget(depth)
        while token.kind != .end, !(token.depth == depth && token.text == ","), token.depth >= depth { index += 1 }
    }

    /// Moves over `= expression` to the comma or to the statement's end.
    private mutating func skipInitializer(_ depth: Int) {
        guard token.text == "=" else { return }
        index += 1
        var previous = tokens[index - 1]
        while token.kind != .end, token.depth >= depth {
            if token.depth == depth {
                if token.text == "," || token.text == ";" { return }
                if token.followsNewline, Self.canEnd(previous), Self.cannotContinue(token) { return }
            }
            previous = token
            index += 1
        }
    }

    private static func canEnd(_ token: Token) -> Bool {
        switch token.kind {
        case .word: !ModuleTokenizer.operatorWords.contains(token.text)
        case .number, .string, .regex: true
        case .template: token.text.hasSuffix("`")
        case .punctuator: [")", "]", "}", "++", "--"].contains(token.text)
        case .end: true
        }
    }

    /// A token that no expression goes on with, so that the line break before it ends the statement.
    private static func cannotContinue(_ token: Token) -> Bool {
        switch token.kind {
        case .word: token.text != "in" && token.text != "instanceof"
        case .number, .string, .end: true
        case .template, .regex: false
        case .punctuator: ["{", "!", "~", "++", "--", "}"].contains(token.text)
        }
    }

    // MARK: Parts

    private var token: ModuleTokenizer.Token { peek(0) }

    private func peek(_ distance: Int) -> ModuleTokenizer.Token {
        // The last token is the end of the file, and there is always one.
        tokens[min(index + distance, tokens.count - 1)]
    }

    private var startsStatement: Bool {
        guard token.kind == .word, token.depth == 0 else { return false }
        guard index > 0 else { return true }
        let previous = tokens[index - 1]
        return previous.text == ";" || previous.text == "}" || (token.followsNewline && previous.text != ".")
    }

    private mutating func remove(_ range: Range<Int>) { replace(range, with: "") }

    /// Replaces a range and keeps its line breaks, and the column of what follows.
    ///
    /// - Parameter narrower: Columns that something else will take up before the next token of the developer's.
    private mutating func replace(_ range: Range<Int>, with text: String, narrowerBy narrower: Int = 0) {
        output += source[copied..<range.lowerBound]
        output += text.utf8
        let lines = source[range].split(separator: 0x0A, omittingEmptySubsequences: false)
        output += repeatElement(0x0A, count: lines.count - 1)
        // Columns are counted in UTF-16; the text stands on the first line.
        let width = lines.last.map { String(decoding: $0, as: UTF8.self).utf16.count } ?? 0
        let taken = narrower + (lines.count == 1 ? text.utf16.count : 0)
        output += repeatElement(0x20, count: max(0, width - taken))
        copied = range.upperBound
    }

    private func failure(_ token: ModuleTokenizer.Token, _ what: String) -> FunctionError {
        ModuleTokenizer.failure(in: source, fileName: fileName, at: token.range.lowerBound, what)
    }
}
