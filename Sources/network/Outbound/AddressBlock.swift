/// A block of addresses in CIDR notation, such as `10.0.0.0/8` or `fd00::/8`.
public struct AddressBlock: Hashable, Sendable, CustomStringConvertible {
    /// The first address of the block.
    public let base: IPAddress
    /// How many leading bits all its addresses share: 0 to 32, or 0 to 128.
    public let prefixBits: Int

    /// From CIDR notation; an address alone is the block of that address.
    ///
    /// Nil if that is not an address, the length is out of range, or bits behind the prefix are set.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let base = IPAddress(first) else { return nil }
        let width = base.bytes.count * 8
        var prefixBits = width
        if parts.count == 2 {
            guard let bits = Int(parts[1]), (0...width).contains(bits) else { return nil }
            prefixBits = bits
        }
        guard Self.masked(base, prefixBits) == base else { return nil }
        self.base = base
        self.prefixBits = prefixBits
    }

    /// Whether the address lies in the block. IPv4 addresses are never in blocks of IPv6 ones.
    public func contains(_ address: IPAddress) -> Bool { Self.masked(address, prefixBits) == base }

    /// CIDR notation.
    public var description: String { "\(base)/\(prefixBits)" }

    private static func masked(_ address: IPAddress, _ bits: Int) -> IPAddress {
        switch address {
        case .v4(let value): return .v4(bits == 0 ? 0 : value & (UInt32.max << UInt32(max(0, 32 - bits))))
        case .v6(let high, let low):
            return .v6(
                bits == 0 ? 0 : high & (UInt64.max << UInt64(max(0, 64 - bits))),
                bits <= 64 ? 0 : low & (UInt64.max << UInt64(128 - bits)))
        }
    }
}
