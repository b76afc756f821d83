/// Reads `_redirects` and `_headers` as people write them for static hosts.
public enum SiteRulesReader {
    /// The file with rules for paths.
    public static let redirectsName = "_redirects"
    /// The file with rules for headers.
    public static let headersName = "_headers"
    /// Problems that are told at once.
    private static let maxProblems = 50

    /// A word of a line, and where it begins.
    private struct Word {
        var text: Substring
        /// From 1.
        var column: Int
    }

    /// Reads both files; nil for one that is not there.
    ///
    /// - Throws: ``SiteRulesError`` with every place that is wrong in either. Any texts are allowed.
    public static func rules(
        redirects: String?, headers: String?
    ) throws(SiteRulesError) -> (redirects: [SiteRedirect], headers: [SiteHeaders.Rule]) {
        var problems: [SiteRulesError.Problem] = []
        var rules: (redirects: [SiteRedirect], headers: [SiteHeaders.Rule]) = ([], [])
        do { rules.redirects = try redirects.map(self.redirects) ?? [] } catch { problems += error.problems }
        do { rules.headers = try headers.map(self.headers) ?? [] } catch { problems += error.problems }
        guard problems.isEmpty else { throw SiteRulesError(problems: problems) }
        return rules
    }

    /// Lines of `from [name=value …] to [status][!]`; `#` begins a comment.
    ///
    /// - Throws: ``SiteRulesError`` with every place that is wrong. Any text is allowed.
    public static func redirects(_ text: String) throws(SiteRulesError) -> [SiteRedirect] {
        var rules: [SiteRedirect] = []
        var patterns = 0
        var problems = Problems(redirectsName)
        lines(text, &problems) { line, number, problems in
            let words = words(line)
            guard !words.isEmpty else { return }
            guard let rule = redirect(words, number, &problems) else { return }
            if rule.from.exactPath == nil { patterns += 1 }
            guard rules.count < ManifestLimits.maxRedirects, patterns <= ManifestLimits.maxRedirectPatterns else {
                problems.note(
                    number, words[0].column,
                    "there are more than \(ManifestLimits.maxRedirects) rules, or more than "
                        + "\(ManifestLimits.maxRedirectPatterns) with placeholders")
                problems.stop()
                return
            }
            rules.append(rule)
        }
        try problems.end()
        return rules
    }

    private static func redirect(_ words: [Word], _ number: Int, _ problems: inout Problems) -> SiteRedirect? {
        var rest = words.dropFirst()
        var query: [SiteRedirect.Condition] = []
        let queryColumn = rest.first?.column ?? words[0].column
        while let word = rest.first, !isTarget(word.text), let equals = word.text.firstIndex(of: "=") {
            let value = word.text[word.text.index(after: equals)...]
            query.append(.init(name: String(word.text[..<equals]), value: String(value)))
            rest.removeFirst()
        }
        guard let to = rest.popFirst() else {
            problems.note(number, words[0].column, "the rule has no target; write: /from /to 301")
            return nil
        }
        var status = SiteRedirect.defaultStatus
        var isForced = false
        let statusWord = rest.popFirst()
        if let word = statusWord {
            var digits = word.text
            if digits.hasSuffix("!") {
                isForced = true
                digits.removeLast()
            }
            guard let value = Int(digits), digits.utf8.count == 3 else {
                let isCondition = word.text.contains("=")
                problems.note(
                    number, word.column,
                    isCondition
                        ? "conditions such as \(word.text) are not known here; query parameters stand before the target"
                        : "\"\(word.text)\" is no status; write one of 200, 301, 302, 303, 307, 308, 404, perhaps with !"
                )
                return nil
            }
            status = value
        }
        if let extra = rest.first {
            problems.note(number, extra.column, "\"\(extra.text)\" is more than a rule has: from, to, status")
            return nil
        }
        do {
            return try SiteRedirect(
                from: String(words[0].text), to: String(to.text), status: status, isForced: isForced, query: query)
        } catch {
            let column =
                switch error.part {
                case .from: words[0].column
                case .query: queryColumn
                case .to: to.column
                case .status: statusWord?.column ?? to.column
                }
            problems.note(number, column, error.message)
            return nil
        }
    }

    private static func isTarget(_ text: Substring) -> Bool {
        text.hasPrefix("/") || text.prefix(8).lowercased().hasPrefix("http://")
            || text.prefix(8).lowercased() == "https://"
    }

    /// A path at the start of a line, and below it indented lines of `Name: value` or `! Name`; `#` begins a comment.
    ///
    /// - Throws: ``SiteRulesError`` with every place that is wrong. Any text is allowed.
    public static func headers(_ text: String) throws(SiteRulesError) -> [SiteHeaders.Rule] {
        var rules: [SiteHeaders.Rule] = []
        var current: (pattern: SitePathPattern, fields: [SiteHeaders.Field], detached: [String], line: Int)?
        var isSkipping = false
        var bytes = 0
        var problems = Problems(headersName)
        func finish(_ problems: inout Problems) {
            guard let rule = current else { return }
            current = nil
            if rule.fields.isEmpty && rule.detached.isEmpty {
                problems.note(rule.line, 1, "the path has no headers; write them below it, indented")
            }
            if rules.count == ManifestLimits.maxHeaderRules {
                problems.note(rule.line, 1, "there are more than \(ManifestLimits.maxHeaderRules) paths")
                problems.stop()
            }
            rules.append(.init(pattern: rule.pattern, fields: rule.fields, detached: rule.detached))
        }
        lines(text, &problems) { line, number, problems in
            let column = 1 + line.prefix { $0 == " " || $0 == "\t" }.count
            let content = line.dropFirst(column - 1)
            guard let first = content.first, first != "#" else { return }
            guard column > 1 else {
                finish(&problems)
                do {
                    current = (try SitePathPattern(trimmed(content)), [], [], number)
                    isSkipping = false
                } catch {
                    // The headers below belong to a path that nobody knows.
                    isSkipping = true
                    problems.note(number, column, (error as? SitePathPattern.Problem)?.message ?? "\(error)")
                }
                return
            }
            guard !isSkipping else { return }
            guard current != nil else {
                return problems.note(number, column, "the header stands under no path; begin with a line such as /*")
            }
            switch field(content, number, column, &problems) {
            case .detached(let name)?: current?.detached.append(name)
            case .field(let field)?:
                bytes += field.name.utf8.count + field.value.utf8.count
                current?.fields.append(field)
                if bytes > ManifestLimits.maxHeaderRuleBytes {
                    problems.note(
                        number, column, "all headers together have more than \(ManifestLimits.maxHeaderRuleBytes) bytes"
                    )
                    problems.stop()
                }
            case nil: break
            }
        }
        finish(&problems)
        try problems.end()
        return rules
    }

    private enum Line {
        case field(SiteHeaders.Field)
        case detached(String)
    }

    private static func field(
        _ content: Substring, _ number: Int, _ column: Int, _ problems: inout Problems
    ) -> Line? {
        if content.hasPrefix("!") {
            let name = trimmed(content.dropFirst()).lowercased()
            if let problem = SiteHeaders.problem(withName: name) {
                problems.note(number, column, problem)
                return nil
            }
            return .detached(name)
        }
        guard let colon = content.firstIndex(of: ":") else {
            problems.note(number, column, "a header is written Name: value, and taken away with ! Name")
            return nil
        }
        let name = trimmed(content[..<colon]).lowercased()
        if let problem = SiteHeaders.problem(withName: name) {
            problems.note(number, column, problem)
            return nil
        }
        let value = trimmed(content[content.index(after: colon)...])
        if let problem = SiteHeaders.problem(withValue: value) {
            let offset = content.distance(from: content.startIndex, to: colon) + 1
            problems.note(number, column + offset, problem)
            return nil
        }
        return .field(.init(name: name, value: value))
    }

    // MARK: Lines

    /// What was found wrong so far.
    private struct Problems {
        let fileName: String
        private(set) var all: [SiteRulesError.Problem] = []
        private(set) var isStopped = false

        init(_ fileName: String) { self.fileName = fileName }

        mutating func note(_ line: Int, _ column: Int, _ message: String) {
            guard !isStopped else { return }
            all.append(.init(fileName: fileName, line: line, column: column, message: message))
            if all.count == SiteRulesReader.maxProblems { isStopped = true }
        }

        mutating func stop() { isStopped = true }

        func end() throws(SiteRulesError) {
            if !all.isEmpty { throw SiteRulesError(problems: all) }
        }
    }

    private static func lines(
        _ text: String, _ problems: inout Problems, _ body: (Substring, Int, inout Problems) -> Void
    ) {
        guard text.utf8.count <= ManifestLimits.maxRuleFileBytes else {
            return problems.note(1, 1, "the file has more than \(ManifestLimits.maxRuleFileBytes) bytes")
        }
        let start = text.hasPrefix("\u{FEFF}") ? text.index(after: text.startIndex) : text.startIndex
        var number = 0
        for line in text[start...].split(
            omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" })
        {
            number += 1
            if problems.isStopped { return }
            guard line.utf8.count <= ManifestLimits.maxRuleLineBytes else {
                problems.note(number, 1, "a line has at most \(ManifestLimits.maxRuleLineBytes) bytes")
                continue
            }
            body(line, number, &problems)
        }
    }

    /// The words of a line up to a comment.
    private static func words(_ line: Substring) -> [Word] {
        var words: [Word] = []
        var column = 0
        for part in line.split(omittingEmptySubsequences: false, whereSeparator: { $0 == " " || $0 == "\t" }) {
            if part.hasPrefix("#") { break }
            if !part.isEmpty { words.append(Word(text: part, column: column + 1)) }
            column += part.count + 1
        }
        return words
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
