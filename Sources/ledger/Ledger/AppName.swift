/// A name on the ledger: one DNS label that points to an app's live release.
///
/// 1 to 63 lower-case letters, digits and inner hyphens, no two hyphens in a row, and nothing that reads as a content
/// identifier, because gateways serve both under one domain.
public struct AppName: Hashable, Sendable, Comparable, LosslessStringConvertible {
    /// The longest name in bytes: a DNS label (RFC 1035, section 2.3.4).
    public static let maxByteCount = 63

    /// From this length on, a label that begins with `baf` is taken for a CIDv1 in base32.
    static let contentIdentifierByteCount = 51

    /// Names that nobody may claim: they mean something to resolvers, browsers, mail or the network's own services.
    public static let reserved: Set<String> = [
        "admin", "api", "auth", "autoconfig", "autodiscover", "blob", "cdn", "console", "control", "dns", "ftp",
        "gateway", "health", "healthz", "hostmaster", "imap", "ipfs", "ipns", "isatap", "ledger", "local", "localhost",
        "login", "mail", "metrics", "mx", "node", "ns", "ns1", "ns2", "ns3", "ns4", "peer", "pop", "pop3",
        "postmaster", "proofs", "root", "skerry", "smtp", "status", "webmaster", "wpad", "www",
    ]

    public let description: String

    /// Nil if `text` breaks the rules; ``init(checking:)`` says which one.
    public init?(_ text: String) {
        guard AppName.problem(text) == nil else { return nil }
        description = text
    }

    /// Reads a name.
    ///
    /// - Throws: `.badName` with the rule that `text` breaks.
    public init(checking text: String) throws(LedgerError) {
        if let problem = AppName.problem(text) {
            throw LedgerError(.badName, "\"\(text.prefix(AppName.maxByteCount))\" cannot be a name: \(problem)")
        }
        description = text
    }

    /// Whether nobody may claim the name.
    public var isReserved: Bool { AppName.reserved.contains(description) }

    public static func < (left: AppName, right: AppName) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }

    private static func problem(_ text: String) -> String? {
        let bytes = text.utf8
        guard (1...maxByteCount).contains(bytes.count) else { return "it must have 1 to \(maxByteCount) characters" }
        let hyphen = UInt8(ascii: "-")
        var last = hyphen
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): break
            case hyphen where last != hyphen: break
            case hyphen: return "a hyphen must follow a letter or a digit"
            default: return "only the letters a to z, digits and hyphens are allowed"
            }
            last = byte
        }
        if last == hyphen { return "it must not end with a hyphen" }
        if bytes.count >= contentIdentifierByteCount, bytes.starts(with: "baf".utf8) {
            return "it reads as a content identifier; choose a shorter one"
        }
        return nil
    }
}
