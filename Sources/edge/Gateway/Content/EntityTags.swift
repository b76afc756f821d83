/// A list of entity tags, as in `If-Match` and `If-None-Match` (RFC 9110 section 13.1).
enum EntityTags: Equatable {
    struct Tag: Equatable {
        let isWeak: Bool
        /// With its quotes.
        let opaque: String
    }

    /// `*`: any current content.
    case any
    case list([Tag])

    /// Tags that are looked at in one field; further ones count as not matching.
    private static let maxTags = 256

    /// Malformed text ends the list: what stands before it still counts.
    init(_ value: String) {
        if HTTPCharacters.trimmed(value) == "*" {
            self = .any
            return
        }
        var tags: [Tag] = []
        var rest = Array(value.utf8)[...]
        while tags.count < EntityTags.maxTags {
            rest = rest.drop { $0 == 0x20 || $0 == 9 || $0 == UInt8(ascii: ",") }
            let isWeak = rest.starts(with: "W/".utf8)
            if isWeak { rest = rest.dropFirst(2) }
            guard rest.first == UInt8(ascii: "\""),
                let end = rest.dropFirst().firstIndex(of: UInt8(ascii: "\""))
            else { break }
            tags.append(Tag(isWeak: isWeak, opaque: String(decoding: rest[rest.startIndex...end], as: UTF8.self)))
            rest = rest[(end + 1)...]
        }
        self = .list(tags)
    }

    /// Whether the list holds `tag`, weak or not: the comparison for `If-None-Match`.
    func containsWeakly(_ tag: String) -> Bool {
        switch self {
        case .any: true
        case .list(let tags): tags.contains { $0.opaque == tag }
        }
    }

    /// Whether the list holds `tag` as a strong one: the comparison for `If-Match`.
    func containsStrongly(_ tag: String) -> Bool {
        switch self {
        case .any: true
        case .list(let tags): tags.contains { !$0.isWeak && $0.opaque == tag }
        }
    }
}
