/// Where an origin's server answers: `http` or `https`, a host, perhaps a port, perhaps a path.
///
/// No user, query or fragment. Whether a node may ask there at all is decided when it does.
public struct OriginURL: Sendable, Hashable, CustomStringConvertible {
    /// The longest URL, in bytes.
    public static let maxBytes = 1_024

    /// What is wrong with a URL.
    public struct Problem: Error, Sendable, Hashable {
        /// What was wrong and what to write.
        public let message: String
    }

    /// Whether it is `https`.
    public let isSecure: Bool
    /// In lower case; an IPv6 address without brackets.
    public let host: String
    /// The port, also where it was not written: 80 or 443.
    public let port: Int
    /// Before every path that is asked for: empty, or with a slash at its beginning and none at its end.
    public let path: String

    /// As it is written: without a port that goes without saying.
    public var description: String {
        let name = host.contains(":") ? "[\(host)]" : host
        let usual = isSecure ? 443 : 80
        return "\(isSecure ? "https" : "http")://\(name)\(port == usual ? "" : ":\(port)")\(path)"
    }

    /// - Throws: ``Problem``.
    public init(_ text: String) throws(Problem) {
        func problem(_ message: String) -> Problem { Problem(message: message) }
        guard text.utf8.count <= OriginURL.maxBytes else {
            throw problem("a URL has at most \(OriginURL.maxBytes) bytes")
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
            throw problem("a URL holds visible ASCII without backslashes; encode other characters as %XX")
        }
        let lower = text.lowercased()
        guard let scheme = ["https://", "http://"].first(where: { lower.hasPrefix($0) }) else {
            throw problem("an origin's URL begins with https:// or http://")
        }
        isSecure = scheme == "https://"
        let rest = text.dropFirst(scheme.count)
        if rest.contains("?") || rest.contains("#") { throw problem("an origin's URL has no query and no fragment") }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<slash]
        if authority.contains("@") {
            throw problem("an origin's URL holds no user or password; write a request header instead")
        }
        guard let (host, port) = OriginURL.split(authority, usual: isSecure ? 443 : 80) else {
            throw problem("\"\(authority)\" is no host, or no host with a port from 1 to 65535")
        }
        self.host = host
        self.port = port
        var path = rest[slash...]
        while path.hasSuffix("/") { path = path.dropLast() }
        if path.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }) {
            throw problem("an origin's path has no \".\" and no \"..\"")
        }
        self.path = String(path)
    }

    private static func split(_ authority: Substring, usual: Int) -> (host: String, port: Int)? {
        var host = authority
        var port = usual
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let after = authority[authority.index(after: end)...]
            guard host.contains(":"), host.utf8.allSatisfy(isAddressByte), host.utf8.count <= 45 else { return nil }
            guard after.isEmpty || after.hasPrefix(":") else { return nil }
            if !after.isEmpty {
                guard let number = readPort(after.dropFirst()) else { return nil }
                port = number
            }
            return (host.lowercased(), port)
        }
        if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            guard let number = readPort(authority[authority.index(after: colon)...]) else { return nil }
            port = number
        }
        let name = host.lowercased()
        return isHostName(name) ? (name, port) : nil
    }

    private static func readPort(_ text: Substring) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(text), (1...65_535).contains(number)
        else { return nil }
        return number
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) || (0x41...0x46).contains(byte)
            || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
    }

    /// Whether a text is a host's name or an IPv4 address, as RFC 1123, section 2.1, has them; underscores are borne.
    static func isHostName(_ name: String) -> Bool {
        guard (1...253).contains(name.utf8.count) else { return false }
        return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "-")
                        || byte == UInt8(ascii: "_")
                }
        }
    }

    /// Whether a `Host` field may say this: a host, perhaps with a port.
    static func isAuthority(_ text: String) -> Bool {
        split(Substring(text), usual: 80) != nil
    }
}
