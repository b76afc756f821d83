/// Decides which addresses a node may connect to for others (functions, origins): public unicast ones, and those that the node's owner allows.
///
/// Follows the IANA special-purpose address registries (RFC 6890 and its updates), and refuses the one address that is a
/// cloud's metadata service though it looks public (Azure's). An IPv6 address that carries an IPv4 address is judged by
/// that one; of ISATAP, whose form says nothing of the network, both must be public. A network with its own NAT64 prefix
/// (RFC 6052, other than `64:ff9b::/96`) must name that prefix in ``refused``, since nothing tells such addresses from
/// others.
public struct AddressGuard: Sendable {
    /// Addresses that may be reached although they are not public. Default: none.
    public var allowed: [AddressBlock]
    /// Addresses that may not be reached although they are public. Default: none. Goes before ``allowed``.
    public var refused: [AddressBlock]

    /// A guard with these exceptions.
    public init(allowed: [AddressBlock] = [], refused: [AddressBlock] = []) {
        self.allowed = allowed
        self.refused = refused
    }

    /// What makes the address one that may not be reached; nil if it may.
    public func refusal(of address: IPAddress) -> String? {
        if refused.contains(where: { $0.contains(address) }) { return "refused by this node" }
        if allowed.contains(where: { $0.contains(address) }) { return nil }
        switch address {
        case .v4(let bits): return Self.refusal(v4: bits)
        case .v6(let high, let low):
            if let embedded = Self.embedded(high, low) {
                return refusal(of: .v4(embedded)).map { "\($0), inside an IPv6 address" }
            }
            if let reason = Self.refusal(v6: address) { return reason }
            return Self.tunnelled(low).flatMap { refusal(of: .v4($0)) }.map { "\($0), inside an IPv6 address" }
        }
    }

    private static func refusal(v4 bits: UInt32) -> String? {
        special.first { $0.block.contains(.v4(bits)) }?.reason
    }

    private static func refusal(v6 address: IPAddress) -> String? {
        if let found = special.first(where: { $0.block.contains(address) }) { return found.reason }
        return globalUnicast?.contains(address) == true ? nil : "reserved"
    }

    /// The IPv4 address that an IPv6 address stands for, where its form says so.
    private static func embedded(_ high: UInt64, _ low: UInt64) -> UInt32? {
        let lastWord = UInt32(truncatingIfNeeded: low)
        // ::ffff:a.b.c.d (mapped) and 64:ff9b::a.b.c.d (NAT64).
        if high == 0, low >> 32 == 0xffff { return lastWord }
        if high == 0x0064_ff9b_0000_0000, low >> 32 == 0 { return lastWord }
        // 2002:aabb:ccdd::/48 (6to4).
        if high >> 48 == 0x2002 { return UInt32(truncatingIfNeeded: high >> 16) }
        return nil
    }

    /// The IPv4 address in …:0:5efe:a.b.c.d and …:200:5efe:a.b.c.d (ISATAP). Any network may number its hosts like that,
    /// and where no tunnel is, packets go to whoever has the IPv6 address.
    private static func tunnelled(_ low: UInt64) -> UInt32? {
        low >> 32 & 0xfdff_ffff == 0x0000_5efe ? UInt32(truncatingIfNeeded: low) : nil
    }

    /// All that is public lies in here; the rest of IPv6 is reserved, local or multicast.
    private static let globalUnicast = AddressBlock("2000::/3")

    private static let special: [(block: AddressBlock, reason: String)] = [
        ("0.0.0.0/8", "unspecified"), ("10.0.0.0/8", "private"), ("100.64.0.0/10", "shared by carriers"),
        ("127.0.0.0/8", "loopback"), ("168.63.129.16/32", "a cloud's metadata service"),
        ("169.254.0.0/16", "link-local"), ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"), ("192.0.2.0/24", "for documentation"), ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "private"), ("198.18.0.0/15", "for benchmarks"), ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"), ("224.0.0.0/4", "multicast"), ("240.0.0.0/4", "reserved"),
        ("::/128", "unspecified"), ("::1/128", "loopback"), ("64:ff9b:1::/48", "a local NAT64"),
        ("100::/64", "discard-only"), ("2001::/23", "reserved"), ("2001:db8::/32", "for documentation"),
        ("3fff::/20", "for documentation"), ("fc00::/7", "private"), ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"), ("ff00::/8", "multicast"),
    ].compactMap { text, reason in AddressBlock(text).map { ($0, reason) } }
}
