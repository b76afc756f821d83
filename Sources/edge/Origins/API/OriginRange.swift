/// Which bytes of a representation are wanted (RFC 9110 section 14.1.2).
public enum OriginRange: Hashable, Sendable, CustomStringConvertible {
    /// From the first position to the last, both included.
    case bytes(first: Int64, last: Int64)
    /// From a position to the end.
    case from(Int64)
    /// The last bytes; at least 1.
    case last(Int64)

    /// From the value of a `Range` field with one range in bytes; nil for everything else.
    public init?(_ value: String) {
        guard value.lowercased().hasPrefix("bytes=") else { return nil }
        let spec = value.dropFirst(6).filter { $0 != " " && $0 != "\t" }
        guard let dash = spec.firstIndex(of: "-"), !spec.contains(",") else { return nil }
        let first = spec[..<dash]
        let last = spec[spec.index(after: dash)...]
        switch (Self.number(first), Self.number(last)) {
        case (let first?, let last?) where first <= last: self = .bytes(first: first, last: last)
        case (let first?, nil) where last.isEmpty: self = .from(first)
        case (nil, let count?) where first.isEmpty && count > 0: self = .last(count)
        default: return nil
        }
    }

    /// The value of a `Range` field.
    public var description: String {
        switch self {
        case .bytes(let first, let last): "bytes=\(first)-\(last)"
        case .from(let first): "bytes=\(first)-"
        case .last(let count): "bytes=-\(count)"
        }
    }

    /// The positions in a representation of so many bytes; nil if there is none of them (status 416).
    public func resolve(count: Int64) -> Range<Int64>? {
        guard count > 0 else { return nil }
        switch self {
        case .bytes(let first, let last):
            return first >= 0 && first < count && first <= last ? first..<min(count - 1, last) + 1 : nil
        case .from(let first): return first >= 0 && first < count ? first..<count : nil
        case .last(let wanted): return wanted > 0 ? count - min(wanted, count)..<count : nil
        }
    }

    private static func number(_ text: some StringProtocol) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(text)
    }
}
