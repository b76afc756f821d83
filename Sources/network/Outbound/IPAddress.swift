#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// An IPv4 or IPv6 address, without a zone.
public enum IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// The 32 bits, the first byte in the most significant place.
    case v4(UInt32)
    /// The first and the last 64 bits.
    case v6(UInt64, UInt64)

    private static let v4Bytes = 4
    private static let v6Bytes = 16
    /// Longest text form of an IPv6 address, with the zero byte that ends it.
    private static let maxTextBytes = 46

    /// From the standard text forms only: four decimal numbers, or an IPv6 address without brackets or zone.
    ///
    /// Nil for everything else, also for the forms that `inet_aton` takes ("127.1", "0x7f000001", "0177.0.0.1").
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        guard !text.utf8.contains(0) else { return nil }
        var bytes = [UInt8](repeating: 0, count: Self.v6Bytes)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self = .v4(bytes.prefix(Self.v4Bytes).reduce(0) { $0 << 8 | UInt32($1) })
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            self = .v6(Self.bigEndian(bytes[0..<8]), Self.bigEndian(bytes[8..<16]))
        } else {
            return nil
        }
    }

    /// From 4 or 16 bytes in network order; nil for any other number.
    public init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case Self.v4Bytes: self = .v4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case Self.v6Bytes: self = .v6(Self.bigEndian(bytes.prefix(8)), Self.bigEndian(bytes.suffix(8)))
        default: return nil
        }
    }

    /// The bytes in network order: 4 or 16.
    public var bytes: [UInt8] {
        switch self {
        case .v4(let bits): return stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: bits >> $0) }
        case .v6(let high, let low):
            return [high, low].flatMap { word in
                stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) }
            }
        }
    }

    /// The canonical text, without brackets.
    public var description: String {
        let bytes = bytes
        var text = [CChar](repeating: 0, count: Self.maxTextBytes)
        let family = bytes.count == Self.v4Bytes ? AF_INET : AF_INET6
        guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// As the host of a URL: IPv6 in brackets.
    public var urlHost: String {
        switch self {
        case .v4: description
        case .v6: "[\(description)]"
        }
    }

    private static func bigEndian(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
