/// What a node's machines are called on its host, outside of the node's folder. The node's key is in all of it, so that
/// nodes of one host leave each other alone.
struct HostNames: Sendable, Hashable {
    /// Six hexadecimal digits.
    let key: String

    /// - Parameter folder: The node's folder for containers, a path without links.
    init(folder: String) {
        let digits = String(HostNames.hash(folder) & 0xFF_FFFF, radix: 16)
        key = String(repeating: "0", count: 6 - digits.count) + digits
    }

    /// Nil unless `key` is six hexadecimal digits, in lower case.
    init?(key: some StringProtocol) {
        guard key.utf8.count == 6, key.utf8.allSatisfy(HostNames.isDigit) else { return nil }
        self.key = String(key)
    }

    /// FNV-1a of a folder's path.
    static func hash(_ folder: String) -> UInt64 {
        folder.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    /// Network namespaces, and the user namespaces that they belong to.
    var namespacePrefix: String { "skerry-\(key)-" }
    /// The host's ends of machines' links.
    var linkPrefix: String { "sk\(key)-" }
    /// The table of nftables.
    var table: String { "skerry_\(key)" }
    /// Below the root of every hierarchy, for all nodes.
    static let cgroups = "skerry-machines"
    /// The node's part of it.
    var cgroup: String { "\(HostNames.cgroups)/\(key)" }

    /// Whose a network or user namespace is; nil if it is nobody's.
    init?(namespace name: String) { self.init(name, prefix: "skerry-") }

    /// Whose a link is; nil if it is nobody's.
    init?(link name: String) { self.init(name, prefix: "sk") }

    /// Whose a table is; nil if it is nobody's.
    init?(table name: some StringProtocol) {
        guard name.hasPrefix("skerry_") else { return nil }
        self.init(key: name.dropFirst("skerry_".count))
    }

    /// A name such as `skerry-0a1b2c-7` or `skerry-0a1b2c-7.user`.
    private init?(_ name: String, prefix: String) {
        guard name.hasPrefix(prefix) else { return nil }
        let rest = name.dropFirst(prefix.count)
        guard rest.dropFirst(6).hasPrefix("-"), rest.dropFirst(7).first?.isNumber == true else { return nil }
        self.init(key: rest.prefix(6))
    }
}
