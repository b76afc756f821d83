/// Parts of URLs and references to them (RFC 3986), as far as a cache compares them.
struct CacheURL: Equatable {
    var scheme: String
    var authority: String
    var path: String
    var query: String?

    /// An absolute http or https URL without its fragment; nil if it is none.
    static func absolute(_ text: String) -> CacheURL? {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let scheme = text[..<colon].lowercased()
        let rest = text[text.index(after: colon)...]
        guard scheme == "http" || scheme == "https", rest.hasPrefix("//") else { return nil }
        return split(rest.dropFirst(2), scheme: scheme)
    }

    /// The URL that a reference means at this URL (RFC 3986 section 5.2); nil for other schemes.
    func resolving(_ reference: String) -> CacheURL? {
        let reference = reference.prefix { $0 != "#" }
        if reference.hasPrefix("//") { return CacheURL.split(reference.dropFirst(2), scheme: scheme) }
        if let colon = reference.firstIndex(of: ":"),
            !reference[..<colon].contains(where: { $0 == "/" || $0 == "?" })
        {
            return CacheURL.absolute(String(reference))
        }
        guard !reference.isEmpty else { return self }
        var result = self
        let target = reference.prefix { $0 != "?" }
        let query = reference.firstIndex(of: "?").map { String(reference[reference.index(after: $0)...]) }
        result.query = query
        if target.isEmpty { return result }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "/"
        result.path = target.hasPrefix("/") ? String(target) : folder + String(target)
        return result
    }

    private static func split(_ text: Substring, scheme: String) -> CacheURL? {
        let text = text.prefix { $0 != "#" }
        var authority = text.prefix { $0 != "/" && $0 != "?" }
        let rest = text[authority.endIndex...]
        let path = rest.prefix { $0 != "?" }
        let query = path.endIndex < rest.endIndex ? String(rest[rest.index(after: path.endIndex)...]) : nil
        if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        guard !authority.isEmpty else { return nil }
        return CacheURL(
            scheme: scheme, authority: String(authority), path: path.isEmpty ? "/" : String(path), query: query)
    }

    /// Lower case, without the usual port and a dot at the end of the name.
    static func normalised(authority: String, scheme: String) -> String {
        var text = authority.lowercased()
        for port in [":", scheme == "https" ? ":443" : ":80"] where text.hasSuffix(port) {
            text.removeLast(port.count)
            break
        }
        let host = host(text)
        guard host.hasSuffix("."), host.count > 1 else { return text }
        return String(host.dropLast()) + String(text.dropFirst(host.count))
    }

    /// An authority without its port.
    static func host(_ authority: String) -> String {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") { return String(authority[...end]) }
        return String(authority.prefix { $0 != ":" })
    }

    /// Bytes beyond ASCII percent-encoded: texts that Unicode takes for equivalent are different URLs.
    static func encoded(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 >= 0x80 }) else { return text }
        var result: [UInt8] = []
        for byte in text.utf8 { append(byte, encoded: byte >= 0x80, to: &result) }
        return String(decoding: result, as: UTF8.self)
    }

    private static func append(_ byte: UInt8, encoded: Bool, to result: inout [UInt8]) {
        let digits = Array("0123456789ABCDEF".utf8)
        if encoded {
            result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        } else {
            result.append(byte)
        }
    }

    /// Without dot segments, with upper-case digits in percent-encodings, and with none for unreserved characters (RFC 3986
    /// section 6.2.2).
    ///
    /// Nil for a path that a server may take for another one: with a percent sign that begins no encoding, or with a step
    /// upwards that only some see, such as `..%2F` or `..;`.
    static func normalised(path text: String) -> String? {
        var path = text
        if text.utf8.contains(UInt8(ascii: "%")) {
            guard let decoded = decoded(text, where: isUnreserved) else { return nil }
            path = decoded
        }
        path = withoutDots(path)
        return path.contains("..") && climbs(path) ? nil : path
    }

    /// Undoes the percent-encoding of some bytes, and writes all others with upper-case digits; nil for a percent sign that
    /// begins none.
    static func decoded(_ text: some StringProtocol, where isMeant: (UInt8) -> Bool) -> String? {
        var result: [UInt8] = []
        var input = text.utf8.makeIterator()
        while let byte = input.next() {
            guard byte == UInt8(ascii: "%") else {
                result.append(byte)
                continue
            }
            guard let high = input.next().flatMap(digit), let low = input.next().flatMap(digit) else { return nil }
            append(high << 4 | low, encoded: !isMeant(high << 4 | low), to: &result)
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func climbs(_ path: String) -> Bool {
        let slashes = ["%2F", "%5C", "\\"].reduce(path) { $0.replacing($1, with: "/") }
        return slashes.split(separator: "/").contains { $0 == ".." || $0.hasPrefix("..;") || $0.hasPrefix("..%3B") }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Without `.` and `..` segments (RFC 3986 section 5.2.4).
    private static func withoutDots(_ path: String) -> String {
        guard path.contains("/.") else { return path }
        var kept: [Substring] = []
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            case ".": if isLast { kept.append("") }
            case "..":
                if !kept.isEmpty { kept.removeLast() }
                if isLast { kept.append("") }
            default: kept.append(segment)
            }
        }
        return "/" + kept.joined(separator: "/")
    }
}
