/// The path of an asset, from a URL's path: percent escapes decoded, `.` and `..` resolved, always below the root.
enum AssetPath {
    /// Longest path, in bytes.
    static let maxBytes = 1_024

    /// The path with a slash at its beginning; nil if it is too long, no UTF-8, has a zero byte or a backslash, an
    /// escaped slash, or leads out of the root.
    static func normalized(_ path: String) -> String? {
        guard path.utf8.count <= 3 * maxBytes else { return nil }
        let path = path.prefix { $0 != "?" && $0 != "#" }
        guard path.hasPrefix("/") else { return nil }
        var kept: [String] = []
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for (position, segment) in segments.enumerated() {
            guard let name = decoded(segment) else { return nil }
            let isLast = position == segments.count - 1
            switch name {
            case ".": if isLast { kept.append("") }
            case "..":
                guard kept.popLast() != nil else { return nil }
                if isLast { kept.append("") }
            case "" where !isLast: continue
            default: kept.append(name)
            }
        }
        let result = "/" + kept.joined(separator: "/")
        return result.utf8.count <= maxBytes ? result : nil
    }

    private static func decoded(_ segment: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = segment.utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            } else {
                bytes.append(byte)
            }
        }
        let forbidden: [UInt8] = [0, UInt8(ascii: "/"), UInt8(ascii: "\\")]
        guard !bytes.contains(where: forbidden.contains) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
