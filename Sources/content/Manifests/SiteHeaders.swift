/// The rules of `_headers`: which fields answers get beyond those that a file has.
///
/// A class, so that what is made of it can be kept under its identity.
public final class SiteHeaders: Sendable, Equatable {
    /// A field with its name in lower case.
    public struct Field: Sendable, Hashable {
        /// In lower case.
        public let name: String
        /// Checked: no control characters.
        public let value: String

        /// A field; ``SiteHeaders/problem(withName:)`` and ``SiteHeaders/problem(withValue:)`` check it.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Fields for the paths of one pattern.
    public struct Rule: Sendable, Hashable {
        /// Which paths.
        public let pattern: SitePathPattern
        /// In the order in which they were written.
        public let fields: [Field]
        /// Names in lower case, of what earlier rules or the node itself set.
        public let detached: [String]

        /// A rule; nothing is checked.
        public init(pattern: SitePathPattern, fields: [Field], detached: [String] = []) {
            self.pattern = pattern
            self.fields = fields
            self.detached = detached
        }
    }

    /// What several rules together say.
    public struct Merged: Sendable, Equatable {
        /// Fields, of which some may have the same name.
        public var fields: [Field] = []
        /// Names that must not be set by anybody else, because a rule sets or detaches them.
        public var replaced: Set<String> = []
        /// Values of `Link` fields that a client can use before the answer is there (RFC 8297).
        public var hints: [String] = []

        /// Nothing.
        public init() {}
    }

    /// In the order in which they were written.
    public let rules: [Rule]

    /// Fields that concern one connection, or that the node makes from the content itself.
    private static let refused: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade", "content-length", "content-encoding", "content-range", "accept-ranges", "etag",
        "last-modified", "date", "age", "location", "server-timing", "host", "alt-svc", "retry-after",
    ]
    private static let reservedPrefix = "skerry-"
    /// Fields of which there is one: the last rule's.
    private static let single: Set<String> = ["content-type"]
    private static let hintedRelations = ["preload", "modulepreload", "preconnect", "dns-prefetch"]

    /// Rules that were checked.
    public init(_ rules: [Rule]) { self.rules = rules }

    /// Equal rules in the same order.
    public static func == (one: SiteHeaders, other: SiteHeaders) -> Bool { one.rules == other.rules }

    /// The positions of the rules that hold for a path, in order.
    public func matching(_ path: SitePath) -> [UInt16] {
        var result: [UInt16] = []
        for (index, rule) in rules.enumerated() where rule.pattern.matches(path) { result.append(UInt16(index)) }
        return result
    }

    /// What the rules at these positions say together.
    public func merged(_ positions: [UInt16]) -> Merged {
        var merged = Merged()
        for position in positions {
            let rule = rules[Int(position)]
            for name in rule.detached {
                merged.fields.removeAll { $0.name == name }
                merged.replaced.insert(name)
            }
            for field in rule.fields {
                if SiteHeaders.single.contains(field.name) { merged.fields.removeAll { $0.name == field.name } }
                merged.fields.append(field)
                merged.replaced.insert(field.name)
            }
        }
        merged.hints = merged.fields.filter { $0.name == "link" && SiteHeaders.isHint($0.value) }.map(\.value)
        return merged
    }

    private static func isHint(_ value: String) -> Bool {
        value.lowercased().split(whereSeparator: { ";,".contains($0) }).contains { parameter in
            let parts = parameter.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, parts[0].allSatisfy({ $0 == " " || "rel".contains($0) }),
                parts[0].contains("rel")
            else { return false }
            let relations = parts[1].split(whereSeparator: { " \"".contains($0) })
            return relations.contains { hintedRelations.contains(String($0)) }
        }
    }

    /// What is wrong with a field's name; nil if nothing is.
    ///
    /// - Parameter name: In lower case.
    public static func problem(withName name: String) -> String? {
        guard !name.isEmpty, name.utf8.count <= ManifestLimits.maxNameBytes, name.utf8.allSatisfy(isToken) else {
            return "\"\(name)\" is no name of a header"
        }
        if refused.contains(name) { return "\(name) is made by the node for each answer; leave it out" }
        if name.hasPrefix(reservedPrefix) { return "names with \(reservedPrefix) are the node's; choose another" }
        return nil
    }

    /// What is wrong with a field's value; nil if nothing is.
    public static func problem(withValue value: String) -> String? {
        if value.isEmpty { return "the header has no value; `! Name` takes one away" }
        if value.utf8.count > ManifestLimits.maxRuleLineBytes {
            return "a header's value has at most \(ManifestLimits.maxRuleLineBytes) bytes"
        }
        guard !value.utf8.contains(where: { $0 < 0x20 && $0 != 9 || $0 == 0x7f }) else {
            return "a header's value holds no control characters"
        }
        guard value.utf8.first != 0x20, value.utf8.first != 9, value.utf8.last != 0x20, value.utf8.last != 9 else {
            return "a header's value has no blanks at its ends"
        }
        return nil
    }

    private static func isToken(_ byte: UInt8) -> Bool {
        (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte)
            || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}
