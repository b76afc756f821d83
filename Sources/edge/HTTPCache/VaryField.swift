/// One field that a response was selected by (RFC 9111 section 4.1).
public struct VaryField: Sendable, Hashable {
    /// In lower case.
    public let name: String
    /// As the request had it, normalised; nil if the request had no such field, which matches only such requests.
    public let value: String?

    /// - Parameters:
    ///   - name: In lower case.
    ///   - value: As `normalised` returns it.
    public init(name: String, value: String?) {
        self.name = name
        self.value = value
    }

    /// Fields whose members are preferences: their order means nothing and their case neither.
    private static let preferences: Set<String> = ["accept-encoding", "accept-language", "accept-charset", "accept"]

    /// The value of a field of a request in the form that is compared: lines joined, white space around members dropped,
    /// and preferences in lower case, in order and without empty ones. Of other fields nobody knows whether they are lists:
    /// an origin may take an empty member for something.
    ///
    /// - Parameter name: In lower case.
    public static func normalised(_ name: String, in fields: CacheFields) -> String? {
        guard let value = fields.combined(name) else { return nil }
        guard preferences.contains(name) else { return FieldText.split(value).joined(separator: ", ") }
        let members = FieldText.members(value).map { member in
            FieldText.members(member.lowercased(), separator: UInt8(ascii: ";")).joined(separator: ";")
        }
        return members.sorted().joined(separator: ", ")
    }

    /// The fields that a response says it was selected by, with the request's values; nil for `*`, which matches nothing.
    static func all(of response: CacheFields, request: CacheFields) -> [VaryField]? {
        guard let value = response.combined("vary") else { return [] }
        let names = Set(FieldText.members(value).map { $0.lowercased() })
        guard !names.contains("*") else { return nil }
        return names.sorted().map { VaryField(name: $0, value: normalised($0, in: request)) }
    }
}
