/// Paths that a function answers: `/about` for one, `/api/*` for all below, `/users/*/orders` for any single part.
public struct RoutePattern: Sendable, Hashable, CustomStringConvertible {
    /// The longest pattern, in bytes.
    public static let maxBytes = 256

    /// The pattern as it was written.
    public let description: String
    /// Between slashes, in normal form, without an open end's `*`.
    let parts: [Substring]
    /// Whether it holds all that is below its parts.
    let isOpen: Bool

    /// Reads a pattern; nil for one that ``problem(with:)`` objects to.
    public init?(_ text: String) {
        guard RoutePattern.problem(with: text) == nil else { return nil }
        description = text
        var parts = RoutePattern.normalised(text).dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        isOpen = parts.last == "*"
        if isOpen { parts.removeLast() }
        self.parts = parts
    }

    /// What is wrong with a pattern; nil if nothing is.
    public static func problem(with text: String) -> String? {
        if !text.hasPrefix("/") { return "a route begins with /" }
        if text.utf8.count > maxBytes { return "a route has at most \(maxBytes) bytes" }
        if !text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }) {
            return "a route holds visible ASCII without ? and #; encode other characters as %XX"
        }
        for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        where part.contains("*") && part != "*" {
            return "in a route, * stands alone between slashes"
        }
        return nil
    }

    /// Whether a request's path, without its query, is one of these, in whatever way it is written. `/api/*` holds `/api/` and
    /// what is below, not `/api`.
    public func matches(_ path: String) -> Bool {
        guard path.hasPrefix("/") else { return false }
        let asked = RoutePattern.normalised(path).dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard isOpen ? asked.count > parts.count : asked.count == parts.count else { return false }
        return zip(parts, asked).allSatisfy { $0 == "*" ? !$1.isEmpty : $0 == $1 }
    }

    /// A path as patterns see it (RFC 3986 section 6.2.2): `/%61/../b%2f` is `/b%2F`. What is written in two ways is one path,
    /// so that nobody can reach one part of an app under the name of another.
    public static func normalised(_ path: String) -> String {
        // Byte by byte, since each request of an app with routes comes here, and nearly none needs more.
        var last: UInt8?
        for byte in path.utf8 {
            if byte == UInt8(ascii: "%") || byte == UInt8(ascii: ".") && last == UInt8(ascii: "/") {
                return PercentText.normalised(path: path)
            }
            last = byte
        }
        return path
    }
}
