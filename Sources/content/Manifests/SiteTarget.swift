/// Where a rule of `_redirects` leads: a path of the site or, for redirects, a URL; with `:name` for what a placeholder
/// stood for.
public struct SiteTarget: Sendable, Hashable, CustomStringConvertible {
    private enum Piece: Hashable, Sendable {
        case literal(String)
        case capture(String, inQuery: Bool)
    }

    /// The target as it was written.
    public let description: String
    /// Whether it leads to another origin.
    public let isAbsolute: Bool
    /// Whether it says what the query is.
    let hasQuery: Bool
    private let pieces: [Piece]

    private static let schemes = ["https://", "http://"]

    /// - Parameter names: The placeholders that there are.
    public init(_ text: String, names: Set<String>) throws(SitePathPattern.Problem) {
        typealias Problem = SitePathPattern.Problem
        guard text.utf8.count <= ManifestLimits.maxRuleLineBytes,
            !text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f || $0 == UInt8(ascii: "\\") })
        else {
            throw Problem("a target has at most \(ManifestLimits.maxRuleLineBytes) bytes and no blank or backslash")
        }
        let scheme = SiteTarget.schemes.first { text.prefix($0.count).lowercased() == $0 }
        guard scheme != nil || text.hasPrefix("/") && !text.hasPrefix("//") else {
            throw Problem("a target is a path that begins with one /, or a URL with http:// or https://")
        }
        var start = text.startIndex
        if let scheme {
            let host = text.index(start, offsetBy: scheme.count)
            start = text[host...].firstIndex { "/?#".contains($0) } ?? text.endIndex
            let authority = text[host..<start]
            guard SiteTarget.isAuthority(authority)
            else { throw Problem("the URL's host is written in full, without a placeholder or a user") }
        }
        var pieces: [Piece] = [.literal(String(text[..<start]))]
        var literal = ""
        var inQuery = false
        var rest = text.utf8[start...]
        while let byte = rest.first {
            rest.removeFirst()
            let name = byte == UInt8(ascii: ":") ? rest.prefix(while: SitePathPattern.isNameByte) : rest.prefix(0)
            if let first = name.first, !(0x30...0x39).contains(first), first != UInt8(ascii: "_") {
                guard names.contains(String(Substring(name))) else {
                    throw Problem(
                        ":\(Substring(name)) stands for nothing in this rule's path; write %3A for a colon that is meant"
                    )
                }
                pieces += [.literal(literal), .capture(String(Substring(name)), inQuery: inQuery)]
                literal = ""
                rest = rest.dropFirst(name.count)
                continue
            }
            if byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#") { inQuery = true }
            // Whole characters only: what is not ASCII is taken with its continuation bytes.
            var end = rest.startIndex
            while end < rest.endIndex, rest[end] & 0xC0 == 0x80 { end = rest.index(after: end) }
            let begin = rest.startIndex
            literal += String(decoding: [byte] + rest[begin..<end], as: UTF8.self)
            rest = rest[end...]
        }
        pieces.append(.literal(literal))
        description = text
        isAbsolute = scheme != nil
        hasQuery = text.contains("?")
        self.pieces = pieces.filter { $0 != .literal("") }
    }

    /// A host and perhaps a port, without a user.
    private static func isAuthority(_ text: Substring) -> Bool {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "@") }) else { return false }
        if text.hasPrefix("[") { return text.allSatisfy { $0.isHexDigit || "[]:.".contains($0) } }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count <= 2 && !parts[0].isEmpty && parts.dropFirst().allSatisfy { Int($0) != nil }
    }

    /// Whether it is a plain path, as a rewrite needs.
    var isPath: Bool { !isAbsolute && !description.contains("?") && !description.contains("#") }

    /// The one path that it leads to, without its leading slash; nil if that depends on the request, or is no path.
    public var fixedPath: String? {
        guard isPath, pieces.allSatisfy({ if case .literal = $0 { true } else { false } }) else { return nil }
        return path([])
    }

    /// The target as a URL or its path, with everything encoded that needs it.
    ///
    /// Never another origin than the one that was written, whatever was captured.
    func location(_ captures: SitePathPattern.Captures) -> String {
        var text = ""
        for piece in pieces {
            switch piece {
            case .literal(let literal): text += PercentText.encodeWritten(literal)
            case .capture(let name, let inQuery):
                let value = captures.first { $0.name == name }?.value ?? ""
                text += inQuery ? PercentText.encodeQuery(value) : PercentText.encodePath(value)
            }
        }
        guard !isAbsolute else { return text }
        // Two slashes at the start would name a host.
        return "/" + text.drop { $0 == "/" }
    }

    /// The target as a path of the site: without its leading slash, percent-encoding undone.
    func path(_ captures: SitePathPattern.Captures) -> String {
        var text = ""
        for piece in pieces {
            switch piece {
            case .literal(let literal): text += PercentText.decode(literal) ?? literal
            case .capture(let name, _): text += captures.first { $0.name == name }?.value ?? ""
            }
        }
        return String(text.drop { $0 == "/" })
    }
}
