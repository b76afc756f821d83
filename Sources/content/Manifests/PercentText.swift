/// Percent-encoding (RFC 3986 section 2.1) of what rules take from paths and put into URLs.
enum PercentText {
    private static let digits = Array("0123456789ABCDEF".utf8)
    private static let unreserved = set("-._~")
    /// What stands for itself in a path.
    private static let path = set("-._~!$&'()*+,;=:@/")
    /// What stands for itself anywhere in a URL, so that what a person wrote keeps its meaning.
    private static let written = set("-._~!$&'()*+,;=:@/?#[]%")

    private static func set(_ extra: String) -> [Bool] {
        var table = [Bool](repeating: false, count: 256)
        for byte in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8 { table[Int(byte)] = true }
        for byte in extra.utf8 { table[Int(byte)] = true }
        return table
    }

    /// Undoes the encoding once; nil for a broken one, or for what is not UTF-8 then.
    static func decode(_ text: some StringProtocol) -> String? {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var input = text.utf8.makeIterator()
        while let byte = input.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = input.next().flatMap(value), let low = input.next().flatMap(value) else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// A path in its normal form (RFC 3986 section 6.2.2): without dot segments, with upper-case digits in encodings, and
    /// with none for unreserved characters. With a percent sign that begins no encoding, encodings stay as they are.
    static func normalised(path text: String) -> String {
        var bytes: [UInt8] = []
        var input = text.utf8.makeIterator()
        var hasEncodings = false
        while let byte = input.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = input.next().flatMap(value), let low = input.next().flatMap(value) else {
                return withoutDots(text)
            }
            hasEncodings = true
            let decoded = high << 4 | low
            bytes += unreserved[Int(decoded)] ? [decoded] : [byte, digits[Int(high)], digits[Int(low)]]
        }
        return withoutDots(hasEncodings ? String(decoding: bytes, as: UTF8.self) : text)
    }

    /// Without `.` and `..` segments (RFC 3986 section 5.2.4).
    private static func withoutDots(_ path: String) -> String {
        guard path.contains("/.") else { return path }
        var kept: [Substring] = []
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for (index, segment) in segments.enumerated() {
            guard segment == "." || segment == ".." else {
                kept.append(segment)
                continue
            }
            if segment == "..", !kept.isEmpty { kept.removeLast() }
            if index == segments.count - 1 { kept.append("") }
        }
        return "/" + kept.joined(separator: "/")
    }

    /// A part of a path, or several with slashes between.
    static func encodePath(_ text: some StringProtocol) -> String { encode(text, path) }

    /// A part of a query.
    static func encodeQuery(_ text: some StringProtocol) -> String { encode(text, unreserved) }

    /// What a person wrote as a URL: only what no URL may hold is encoded.
    static func encodeWritten(_ text: some StringProtocol) -> String { encode(text, written) }

    private static func encode(_ text: some StringProtocol, _ kept: [Bool]) -> String {
        if text.utf8.allSatisfy({ kept[Int($0)] }) { return String(text) }
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if kept[Int(byte)] {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
