/// The value of `Range` (RFC 9110 section 14.2).
struct ByteRangeRequest: Equatable {
    enum Part: Equatable {
        case from(Int64)
        case closed(first: Int64, last: Int64)
        case suffix(Int64)
    }

    /// Most ranges that are answered; a request for more is answered as if it asked for none.
    static let maximumParts = 16

    let parts: [Part]

    /// Nil for what a server ignores: other units, wrong syntax, too many ranges.
    init?(_ text: String) {
        guard text.prefix(6).lowercased() == "bytes=", text.utf8.count <= 1_024 else { return nil }
        let members = FieldText.members(String(text.dropFirst(6)))
        guard (1...ByteRangeRequest.maximumParts).contains(members.count) else { return nil }
        var parts: [Part] = []
        for member in members {
            let bounds = member.split(separator: "-", omittingEmptySubsequences: false)
            guard bounds.count == 2 else { return nil }
            let first = ByteRangeRequest.number(bounds[0])
            let last = ByteRangeRequest.number(bounds[1])
            switch (first, last) {
            case (let first?, let last?) where first <= last: parts.append(.closed(first: first, last: last))
            case (let first?, nil) where bounds[1].isEmpty: parts.append(.from(first))
            case (nil, let length?) where bounds[0].isEmpty: parts.append(.suffix(length))
            default: return nil
            }
        }
        self.parts = parts
    }

    /// Digits; what is greater than any length counts as the greatest number.
    static func number(_ text: Substring) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return Int64(text) ?? Int64.max
    }

    /// The bytes that are meant of a representation, in the order of the request.
    ///
    /// - Parameter total: Its length; nil if it is not known.
    /// - Returns: Empty if none can be satisfied; nil if that cannot be said without the length, or if ranges overlap.
    func ranges(total: Int64?) -> [Range<Int64>]? {
        var ranges: [Range<Int64>] = []
        for part in parts {
            let range: Range<Int64>
            switch (part, total) {
            case (.closed(let first, let last), let total?):
                guard first < total else { continue }
                range = first..<min(last, total - 1) + 1
            case (.from(let first), let total?):
                guard first < total else { continue }
                range = first..<total
            case (.suffix(let length), let total?):
                guard length > 0, total > 0 else { continue }
                range = max(0, total - length)..<total
            case (.closed(let first, let last), nil):
                guard last < Int64.max else { return nil }
                range = first..<last + 1
            case (_, nil): return nil
            }
            guard !ranges.contains(where: { $0.overlaps(range) }) else { return nil }
            ranges.append(range)
        }
        return ranges
    }
}
