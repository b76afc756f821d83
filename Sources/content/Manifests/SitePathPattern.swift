/// A pattern of paths in `_redirects` and `_headers`: literal parts, `:name` for one part, and at most one `*` for
/// anything, slashes included.
///
/// `/blog/*` is also `/blog`, with nothing for the `*`.
public struct SitePathPattern: Sendable, Hashable, CustomStringConvertible {
    /// What a pattern's placeholders stood for, by name; `splat` is the `*`.
    public typealias Captures = [(name: String, value: Substring)]

    /// One part between slashes.
    enum Part: Hashable, Sendable {
        /// Percent-encoding is undone.
        case literal(String)
        case placeholder(String)
    }

    /// The part with the `*`, what stands before it and what behind.
    struct Splat: Hashable, Sendable {
        var prefix: String
        var suffix: String
    }

    /// The name of what `*` stood for.
    public static let splatName = "splat"

    /// The pattern as it was written.
    public let description: String
    let before: [Part]
    let splat: Splat?
    let after: [Part]
    /// The names that a target may use.
    public let names: Set<String>

    /// The one path that this is, without its leading slash; nil if it stands for several.
    let exactPath: String?

    /// Reads a pattern.
    ///
    /// - Throws: A `Problem` with what is wrong.
    public init(_ text: String) throws(Problem) {
        guard text.utf8.first == UInt8(ascii: "/") else { throw Problem("a path begins with /") }
        guard text.utf8.count <= ManifestLimits.maxPathBytes else {
            throw Problem("a path has at most \(ManifestLimits.maxPathBytes) bytes")
        }
        guard !text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f || $0 == UInt8(ascii: "?") || $0 == 0x23 }) else {
            throw Problem("a path holds no ?, # or control character; write query parameters as name=value behind it")
        }
        var parts: [[Part]] = [[], []]
        var splat: Splat?
        var names: Set<String> = []
        for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            if part.hasPrefix(":"), part.utf8.count > 1 {
                let name = String(part.dropFirst())
                guard SitePathPattern.isName(name) else {
                    throw Problem("\"\(part)\" is no placeholder: a letter, then letters, digits and underscores")
                }
                guard name != SitePathPattern.splatName, names.insert(name).inserted else {
                    throw Problem("the placeholder :\(name) is given twice, or is the name of the *")
                }
                parts[splat == nil ? 0 : 1].append(.placeholder(name))
                continue
            }
            let pieces = part.split(separator: "*", omittingEmptySubsequences: false)
            guard pieces.count <= 2, splat == nil || pieces.count == 1 else {
                throw Problem("a path has at most one *; what it stands for is written :splat")
            }
            let texts = try pieces.map { piece throws(Problem) in try SitePathPattern.literal(piece) }
            if texts.count == 2 {
                splat = Splat(prefix: texts[0], suffix: texts[1])
                names.insert(SitePathPattern.splatName)
            } else {
                parts[splat == nil ? 0 : 1].append(.literal(texts[0]))
            }
        }
        description = text
        before = parts[0]
        after = parts[1]
        self.splat = splat
        self.names = names
        var literals: [String] = []
        for case .literal(let text) in before { literals.append(text) }
        exactPath = names.isEmpty ? literals.joined(separator: "/") : nil
    }

    /// Why a text is no pattern.
    public struct Problem: Error, Sendable, Equatable {
        /// In words, without a place.
        public let message: String
        init(_ message: String) { self.message = message }
    }

    /// Whether a path is one of these.
    public func matches(_ path: SitePath) -> Bool {
        var captures: Captures = []
        return match(path, capturing: false, &captures)
    }

    /// What the placeholders stand for in a path; nil if it is none of these.
    public func captures(_ path: SitePath) -> Captures? {
        var captures: Captures = []
        return match(path, capturing: true, &captures) ? captures : nil
    }

    private func match(_ path: SitePath, capturing: Bool, _ captures: inout Captures) -> Bool {
        let parts = path.parts
        guard let splat else {
            return parts.count == before.count && match(before, parts[...], capturing, &captures)
        }
        if parts.count == before.count, after.isEmpty, splat.prefix.isEmpty, splat.suffix.isEmpty {
            guard match(before, parts[...], capturing, &captures) else { return false }
            if capturing { captures.append((SitePathPattern.splatName, "")) }
            return true
        }
        guard parts.count > before.count + after.count else { return false }
        let end = parts.count - after.count
        guard match(before, parts[..<before.count], capturing, &captures),
            match(after, parts[end...], capturing, &captures)
        else { return false }
        let text = path.text[parts[before.count].startIndex..<parts[end - 1].endIndex]
        guard text.utf8.count >= splat.prefix.utf8.count + splat.suffix.utf8.count, text.hasPrefix(splat.prefix),
            text.hasSuffix(splat.suffix)
        else { return false }
        guard capturing else { return true }
        let first = text.utf8.index(text.startIndex, offsetBy: splat.prefix.utf8.count)
        let last = text.utf8.index(text.endIndex, offsetBy: -splat.suffix.utf8.count)
        captures.append((SitePathPattern.splatName, text[first..<last]))
        return true
    }

    private func match(
        _ pattern: [Part], _ parts: ArraySlice<Substring>, _ capturing: Bool, _ captures: inout Captures
    ) -> Bool {
        for (part, text) in zip(pattern, parts) {
            switch part {
            case .literal(let literal): if literal != text { return false }
            case .placeholder(let name):
                if text.isEmpty { return false }
                if capturing { captures.append((name, text)) }
            }
        }
        return true
    }

    private static func literal(_ text: Substring) throws(Problem) -> String {
        guard let decoded = PercentText.decode(text) else {
            throw Problem("\"\(text)\" holds a % that is not followed by two hexadecimal digits, or no UTF-8")
        }
        guard !decoded.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f || $0 == UInt8(ascii: "/") }),
            decoded != ".", decoded != ".."
        else { throw Problem("\"\(text)\" is a part that no path has once its percent-encoding is undone") }
        return decoded
    }

    static func isName(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy(isNameByte)
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte | 0x20) }
}
