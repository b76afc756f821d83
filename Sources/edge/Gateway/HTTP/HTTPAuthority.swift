/// A host and an optional port, as in a `Host` field or an absolute request target.
public struct HTTPAuthority: Hashable, Sendable, CustomStringConvertible {
    /// In lower case; an IPv6 address is in brackets. Never empty.
    public let host: String
    /// Nil when absent or empty.
    public let port: Int?
    /// `host` or `host:port`.
    public let description: String

    /// The longest host name in the DNS, in bytes.
    private static let maxHostBytes = 255

    /// Reads `host`, `host:port` or `[address]:port`; nil for anything else, including user information.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard let first = bytes.first else { return nil }
        let hostEnd: Int
        if first == UInt8(ascii: "[") {
            guard let close = bytes.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            let inner = bytes[1..<close]
            guard inner.count >= 2, inner.count(where: { $0 == UInt8(ascii: ":") }) >= 2,
                inner.allSatisfy({ HTTPCharacters.hexValue($0) != nil || $0 == 0x3a || $0 == 0x2e })
            else { return nil }
            hostEnd = close + 1
        } else {
            hostEnd = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.count
            guard hostEnd > 0, bytes[..<hostEnd].allSatisfy(HTTPCharacters.isHost) else { return nil }
        }
        guard hostEnd <= HTTPAuthority.maxHostBytes else { return nil }
        let host = String(decoding: bytes[..<hostEnd].map(HTTPCharacters.lowercased), as: UTF8.self)
        self.host = host
        guard hostEnd < bytes.count else {
            port = nil
            description = host
            return
        }
        let digits = bytes[(hostEnd + 1)...]
        guard bytes[hostEnd] == UInt8(ascii: ":"), digits.count <= 5 else { return nil }
        if digits.isEmpty {
            port = nil
            description = host
        } else {
            guard let value = HTTPCharacters.decimal(String(decoding: digits, as: UTF8.self)), value <= 65_535 else {
                return nil
            }
            port = value
            description = "\(host):\(value)"
        }
    }
}
