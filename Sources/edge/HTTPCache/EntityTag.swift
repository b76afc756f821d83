/// An entity tag (RFC 9110 section 8.8.3).
struct EntityTag: Equatable {
    let isWeak: Bool
    /// With its quotes.
    let opaque: String

    /// Nil if it is not one tag.
    init?(_ text: String) {
        isWeak = text.hasPrefix("W/")
        let rest = isWeak ? text.dropFirst(2) : text[...]
        let bytes = Array(rest.utf8)
        guard bytes.count >= 2, bytes.first == UInt8(ascii: "\""), bytes.last == UInt8(ascii: "\""),
            bytes[1..<bytes.count - 1].allSatisfy({ $0 == 0x21 || (0x23...0x7E).contains($0) || $0 >= 0x80 })
        else { return nil }
        opaque = String(rest)
    }

    var text: String { isWeak ? "W/\(opaque)" : opaque }

    /// RFC 9110 section 8.8.3.2.
    func matchesStrongly(_ other: EntityTag) -> Bool { !isWeak && !other.isWeak && opaque == other.opaque }

    /// RFC 9110 section 8.8.3.2.
    func matchesWeakly(_ other: EntityTag) -> Bool { opaque == other.opaque }

    /// The tags of a list; members that are none are left out. Commas may stand in a tag, so this is not a plain list.
    static func list(_ text: String) -> [EntityTag] {
        var tags: [EntityTag] = []
        var rest = text[...]
        while let quote = rest.firstIndex(of: "\"") {
            let after = rest.index(after: quote)
            guard let end = rest[after...].firstIndex(of: "\"") else { break }
            let isWeak = rest[..<quote].hasSuffix("W/")
            if let tag = EntityTag((isWeak ? "W/" : "") + rest[quote...end]) { tags.append(tag) }
            rest = rest[rest.index(after: end)...]
        }
        return tags
    }
}
