/// The address of a request: an absolute `http` or `https` URL, taken apart by strict rules (RFC 3986).
///
/// What is sent is put together from these parts again, so nothing that another parser might read differently gets
/// through. Credentials and fragments are dropped. Bytes that RFC 3986 does not allow in a path or query, and percent
/// signs without two digits, are percent-encoded.
public struct HTTPURL: Hashable, Sendable, CustomStringConvertible {
    /// Who is asked.
    public enum Host: Hashable, Sendable {
        /// A DNS name in lower case, without a dot at its end.
        case name(String)
        case address(IPAddress)
    }

    /// Why a text is not such a URL.
    public struct Malformed: Error, CustomStringConvertible {
        /// One sentence without a full stop at its end.
        public let description: String
        init(_ description: String) { self.description = description }
    }

    /// Longest URL, in bytes. Default of most servers is half of that.
    public static let maxBytes = 16 << 10
    /// Longest name, and longest part of one between dots (RFC 1035, section 2.3.4).
    private static let maxNameBytes = 253
    private static let maxLabelBytes = 63

    /// Whether the scheme is `https`.
    public var isSecure: Bool
    /// Who is asked.
    public var host: Host
    /// The port, the scheme's own if none is named.
    public var port: UInt16
    /// Begins with a slash; with the query, if there is one.
    public var target: String

    /// - Throws: ``Malformed``.
    public init(_ text: String) throws(Malformed) {
        guard text.utf8.count <= Self.maxBytes else { throw Malformed("the URL is longer than \(Self.maxBytes) bytes") }
        let text = Self.ascii(text)
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
            throw Malformed("the URL must begin with http:// or https://")
        }
        switch text[..<colon].lowercased() {
        case "https": isSecure = true
        case "http": isSecure = false
        default: throw Malformed("only http and https can be fetched")
        }
        let rest = text[text.index(colon, offsetBy: 3)...]
        let end = rest.firstIndex { "/?#\\".contains($0) } ?? rest.endIndex
        var authority = rest[..<end]
        if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        let (hostText, portText) = try Self.split(authority)
        host = try Self.host(hostText)
        port = try Self.port(portText) ?? (isSecure ? 443 : 80)
        target = Self.target(rest[end...])
    }

    private static func split(_ authority: Substring) throws(Malformed) -> (host: Substring, port: Substring?) {
        let hostEnd: Substring.Index
        if authority.hasPrefix("[") {
            guard let bracket = authority.firstIndex(of: "]") else { throw Malformed("the URL lacks a ]") }
            hostEnd = authority.index(after: bracket)
        } else {
            hostEnd = authority.firstIndex(of: ":") ?? authority.endIndex
        }
        let rest = authority[hostEnd...]
        if rest.isEmpty { return (authority[..<hostEnd], nil) }
        guard rest.hasPrefix(":") else { throw Malformed("the URL's host is not one") }
        return (authority[..<hostEnd], rest.dropFirst())
    }

    private static func port(_ text: Substring?) throws(Malformed) -> UInt16? {
        guard let text, !text.isEmpty else { return nil }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(text) else {
            throw Malformed("the URL's port is not a number up to 65535")
        }
        return port
    }

    private static func host(_ text: Substring) throws(Malformed) -> Host {
        if text.hasPrefix("[") {
            guard let address = IPAddress(text.dropFirst().dropLast()), case .v6 = address else {
                throw Malformed("the URL's host is no IPv6 address")
            }
            return .address(address)
        }
        var name = text.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard name.utf8.count <= maxNameBytes, labels.allSatisfy({ (1...maxLabelBytes).contains($0.utf8.count) }),
            name.utf8.allSatisfy(isNameByte)
        else {
            throw Malformed("the URL's host is no DNS name; international names must be in their ASCII form (xn--…)")
        }
        // A host that ends in a number is an IPv4 address to some parsers, in whatever form it is written.
        guard let last = labels.last, isNumber(last) else { return .name(name) }
        guard let address = IPAddress(name) else {
            throw Malformed("an IPv4 address must be written as four decimal numbers")
        }
        return .address(address)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private static func isNumber(_ label: Substring) -> Bool {
        if label.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return true }
        return label.hasPrefix("0x") && label.dropFirst(2).allSatisfy(\.isHexDigit)
    }

    /// Scheme, host, and the port unless it is the scheme's own.
    public var origin: String { "\(isSecure ? "https" : "http")://\(hostAndPort)" }

    /// The value of the `Host` header.
    public var hostAndPort: String {
        let name =
            switch host {
            case .name(let name): name
            case .address(let address): address.urlHost
            }
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// The whole URL, without credentials and fragment.
    public var description: String { origin + target }
}

extension HTTPURL {
    /// The URL that a `Location` header names, relative to this one.
    ///
    /// - Throws: ``Malformed``.
    public func resolving(_ location: String) throws(Malformed) -> HTTPURL {
        guard location.utf8.count <= Self.maxBytes else { throw Malformed("the Location is too long") }
        let text = Self.ascii(location.trimmingSpaces)
        if let colon = text.firstIndex(of: ":"), Self.isScheme(text[..<colon]) { return try HTTPURL(text) }
        let slashed = text.prefix { $0 != "?" && $0 != "#" }.replacing("\\", with: "/")
        if slashed.hasPrefix("//") {
            return try HTTPURL("\(isSecure ? "https" : "http"):\(slashed)\(text.dropFirst(slashed.count))")
        }
        var next = self
        if text.isEmpty || text.hasPrefix("#") { return next }
        let path = target.prefix { $0 != "?" }
        if text.hasPrefix("/") || text.hasPrefix("\\") {
            next.target = Self.target(Substring(text))
        } else if text.hasPrefix("?") {
            next.target = Self.target(path + text)
        } else {
            let folder = path[...(path.lastIndex(of: "/") ?? path.startIndex)]
            next.target = Self.target(folder + text)
        }
        return next
    }

    private static func isScheme(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, (0x41...0x5a).contains(first & 0xdf) else { return false }
        return text.utf8.allSatisfy { byte in
            (0x41...0x5a).contains(byte & 0xdf) || (0x30...0x39).contains(byte) || "+-.".utf8.contains(byte)
        }
    }

    /// Path and query for the request line: dot segments removed (RFC 3986, section 5.2.4), odd bytes encoded.
    public static func target(_ text: Substring) -> String {
        let text = text.prefix { $0 != "#" }
        let path = text.prefix { $0 != "?" }
        let query = text[path.endIndex...]
        var kept: [Substring] = []
        let segments = path.replacing("\\", with: "/").split(separator: "/", omittingEmptySubsequences: false)
        for (index, segment) in segments.enumerated().dropFirst() {
            let isLast = index == segments.count - 1
            switch segment.lowercased().replacing("%2e", with: ".") {
            case ".": if isLast { kept.append("") }
            case "..":
                if !kept.isEmpty { kept.removeLast() }
                if isLast { kept.append("") }
            default: kept.append(segment)
            }
        }
        return encoded("/" + kept.joined(separator: "/"), isQuery: false) + encoded(String(query), isQuery: true)
    }

    /// With all that is not ASCII percent-encoded, so that characters are bytes from here on.
    private static func ascii(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 >= 0x80 }) else { return text }
        return String(decoding: text.utf8.flatMap { $0 < 0x80 ? [$0] : escape($0) }, as: UTF8.self)
    }

    private static func escape(_ byte: UInt8) -> [UInt8] {
        [UInt8(ascii: "%"), hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]]
    }

    private static func encoded(_ text: String, isQuery: Bool) -> String {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        for (index, byte) in bytes.enumerated() {
            let isEscape =
                byte == UInt8(ascii: "%") && index + 2 < bytes.count && isHexDigit(bytes[index + 1])
                && isHexDigit(bytes[index + 2])
            if isEscape || isAllowed(byte) || isQuery && byte == UInt8(ascii: "?") {
                out.append(byte)
            } else {
                out.append(contentsOf: escape(byte))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static let hexDigits = Array("0123456789ABCDEF".utf8)
    private static let marks = Set("-._~!$&'()*+,;=:@/".utf8)

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte & 0xdf)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte)
            || marks.contains(byte)
    }
}

extension String {
    /// Without the spaces and tabs around it.
    fileprivate var trimmingSpaces: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let start = firstIndex { !isBlank($0) } ?? endIndex
        guard let last = lastIndex(where: { !isBlank($0) }), start <= last else { return "" }
        return String(self[start...last])
    }
}
