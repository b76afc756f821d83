import NIOCore

/// Where a connection comes from.
struct ClientAddress: Sendable {
    /// The address as text, without a port.
    let ip: String
    /// Whether the connection comes from this machine; a proxy on it looks the same.
    let isLoopback: Bool
    /// Whether it speaks TLS with us.
    let isSecure: Bool

    /// The scheme of its requests.
    var scheme: String { isSecure ? "https" : "http" }

    private static let mappedPrefix = "::ffff:"

    init(_ address: SocketAddress?, isSecure: Bool = false) {
        self.isSecure = isSecure
        let text = address?.ipAddress ?? "unknown"
        // IPv4 clients of a dual-stack socket.
        let prefix = ClientAddress.mappedPrefix
        ip = text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
        isLoopback = ip == "::1" || ip.hasPrefix("127.")
    }
}
