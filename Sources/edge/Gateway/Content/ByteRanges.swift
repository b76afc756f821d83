/// The `Range` field (RFC 9110 section 14.2) against content of a known length.
enum ByteRanges: Equatable {
    /// Send everything: the field is absent, in another unit, malformed, or asks for more than it is worth.
    case whole
    /// In the order asked for, each inside the content, none empty; at least one.
    case some([Range<Int>])
    /// No range lies inside the content.
    case unsatisfiable

    private static let unit = "bytes="

    /// - Parameter maxRanges: More ranges than this, or ranges that together exceed the content, get the whole: they
    ///   would only cost more than it.
    static func parse(_ value: String, byteCount: Int, maxRanges: Int) -> ByteRanges {
        guard value.utf8.count > unit.utf8.count, value.prefix(unit.count).lowercased() == unit else { return .whole }
        let members = value.dropFirst(unit.count).split(separator: ",", omittingEmptySubsequences: true)
        guard members.count <= maxRanges else { return .whole }
        var ranges: [Range<Int>] = []
        var seen = 0
        for member in members {
            let text = HTTPCharacters.trimmed(member)
            if text.isEmpty { continue }
            seen += 1
            guard let range = parseOne(text, byteCount) else { return .whole }
            if !range.isEmpty { ranges.append(range) }
        }
        guard seen > 0 else { return .whole }
        guard !ranges.isEmpty else { return .unsatisfiable }
        if ranges.count > 1 {
            var room = byteCount
            for range in ranges {
                guard range.count <= room else { return .whole }
                room -= range.count
            }
        }
        return .some(ranges)
    }

    /// Nil when malformed; empty when it lies outside the content.
    private static func parseOne(_ text: String, _ byteCount: Int) -> Range<Int>? {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        if parts[0].isEmpty {
            guard let suffix = number(parts[1]) else { return nil }
            return (byteCount - min(suffix, byteCount))..<byteCount
        }
        guard let first = number(parts[0]) else { return nil }
        var last = Int.max
        if !parts[1].isEmpty {
            guard let given = number(parts[1]), given >= first else { return nil }
            last = given
        }
        guard first < byteCount else { return 0..<0 }
        return first..<(min(last, byteCount - 1) + 1)
    }

    /// Digits only; what does not fit is as good as the largest number.
    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy(HTTPCharacters.isDigit) else { return nil }
        return Int(text) ?? Int.max
    }
}
