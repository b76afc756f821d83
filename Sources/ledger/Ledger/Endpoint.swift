/// Where a process listens: a host and a port.
public struct Endpoint: Hashable, Sendable, LosslessStringConvertible {
    /// The longest host in bytes: a DNS name (RFC 1035, section 2.3.4).
    public static let maxHostByteCount = 253

    /// An IP address (IPv6 without brackets) or a DNS name.
    public let host: String
    /// 1 to 65,535.
    public let port: UInt16

    /// Checks the characters of `host`, not whether it resolves.
    ///
    /// - Throws: `.badEndpoint`.
    public init(host: String, port: UInt16) throws(LedgerError) {
        guard Endpoint.isHost(host) else {
            let shown = host.prefix(Endpoint.maxHostByteCount)
            throw LedgerError(.badEndpoint, "\"\(shown)\" is no host: give an IP address or a DNS name")
        }
        guard port > 0 else { throw LedgerError(.badEndpoint, "Port 0 cannot be dialled: give the port of \(host)") }
        self.host = host
        self.port = port
    }

    /// Reads `host:port`, with brackets around an IPv6 address; nil for anything else.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]"), host.count > 2 {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard let endpoint = try? Endpoint(host: String(host), port: port) else { return nil }
        self = endpoint
    }

    /// `host:port`, with brackets around an IPv6 address.
    public var description: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func isHost(_ host: String) -> Bool {
        guard !host.isEmpty, host.utf8.count <= maxHostByteCount else { return false }
        return host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ":"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
