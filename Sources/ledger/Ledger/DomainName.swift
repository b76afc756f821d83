/// A DNS name that an app answers to: lower-case labels, at least two, without a dot at the end.
public struct DomainName: Hashable, Sendable, Comparable, LosslessStringConvertible {
    /// The longest name in bytes (RFC 1035, section 2.3.4).
    public static let maxByteCount = 253

    public let description: String

    /// Nil if `text` breaks the rules; ``init(checking:)`` says which one.
    public init?(_ text: String) {
        guard DomainName.problem(text) == nil else { return nil }
        description = text
    }

    /// Reads a name.
    ///
    /// - Throws: `.badDomain` with the rule that `text` breaks.
    public init(checking text: String) throws(LedgerError) {
        if let problem = DomainName.problem(text) {
            throw LedgerError(.badDomain, "\"\(text.prefix(DomainName.maxByteCount))\" cannot be a domain: \(problem)")
        }
        description = text
    }

    public static func < (left: DomainName, right: DomainName) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }

    private static func problem(_ text: String) -> String? {
        guard text.utf8.count <= maxByteCount else { return "it has more than \(maxByteCount) bytes" }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count > 1 else { return "it needs a dot, as in shop.example.org" }
        let hyphen = UInt8(ascii: "-")
        for label in labels {
            guard (1...AppName.maxByteCount).contains(label.utf8.count) else {
                return "each part between dots must have 1 to \(AppName.maxByteCount) characters"
            }
            guard label.utf8.first != hyphen, label.utf8.last != hyphen else {
                return "no part may begin or end with a hyphen"
            }
            for byte in label.utf8 {
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), hyphen: break
                default: return "only the letters a to z, digits, hyphens and dots are allowed"
                }
            }
        }
        guard labels.last?.utf8.contains(where: { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) == true
        else { return "an IP address is no domain" }
        return nil
    }
}
