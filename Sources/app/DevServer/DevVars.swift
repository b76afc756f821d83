import Manifests

/// The texts of a `.dev.vars` file: `NAME=value` lines for this machine only, which are never deployed.
public enum DevVars {
    /// The file's name.
    public static let fileName = ".dev.vars"

    /// Reads a file. Blank lines and lines that begin with `#` are left out; a value may stand in double quotes, in
    /// which `\n`, `\"` and `\\` are known, or in single quotes.
    ///
    /// - Throws: ``DevError`` with `file:line:column` for the first line that is wrong.
    public static func parse(_ text: String) throws -> [String: String] {
        var vars: [String: String] = [:]
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        for (index, line) in lines.enumerated() {
            let content = line.drop { $0 == " " || $0 == "\t" }
            if content.isEmpty || content.hasPrefix("#") { continue }
            func failure(_ message: String) -> DevError {
                DevError("\(fileName):\(index + 1):\(line.count - content.count + 1): \(message)")
            }
            guard let equals = content.firstIndex(of: "=") else { throw failure("a line has the form NAME=value") }
            let name = trimmed(content[..<equals])
            guard FunctionBinding.isName(name) else {
                throw failure(
                    "\"\(name)\" cannot be a name in env; use letters, digits and underscores, no digit first")
            }
            let value = trimmed(content[content.index(after: equals)...])
            guard let plain = unquoted(value) else {
                throw failure("the text of \(name) begins with a quote that does not end")
            }
            guard vars.updateValue(plain, forKey: name) == nil else { throw failure("\(name) is given twice") }
        }
        if let problem = FunctionManifest.problem(withVars: vars) { throw DevError("\(fileName): there is \(problem)") }
        return vars
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text.drop { $0 == " " || $0 == "\t" })
    }

    private static func unquoted(_ text: String) -> String? {
        guard let quote = text.first, quote == "\"" || quote == "'" else { return text }
        guard text.count >= 2, text.last == quote else { return nil }
        let inner = text.dropFirst().dropLast()
        if quote == "'" { return String(inner) }
        var result = ""
        var isEscaped = false
        for character in inner {
            if isEscaped {
                result +=
                    character == "n" ? "\n" : character == "\"" || character == "\\" ? "\(character)" : "\\\(character)"
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                result.append(character)
            }
        }
        return isEscaped ? nil : result
    }
}
