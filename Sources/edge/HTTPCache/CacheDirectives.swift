/// A `Cache-Control` field as a list of directives (RFC 9111 section 5.2): tokens with an optional argument, which may be
/// a token or a quoted string.
struct CacheDirectives {
    /// One directive; several of one name keep their order.
    struct Directive: Equatable {
        /// In lower case.
        let name: String
        /// Without quotes; nil if there was no `=`.
        let argument: String?
        /// False if the argument is neither a token nor a quoted string, or if white space was around the `=`.
        let isWellFormed: Bool
    }

    /// Most directives that are looked at; what follows is not read.
    static let maximumDirectives = 128

    let all: [Directive]

    /// - Parameter value: All field lines, joined with commas.
    init(_ value: String) {
        all = FieldText.members(value).prefix(CacheDirectives.maximumDirectives).map { member in
            guard let equals = member.firstIndex(of: "=") else {
                return Directive(name: member.lowercased(), argument: nil, isWellFormed: FieldText.isToken(member))
            }
            let name = member[..<equals]
            let argument = member[member.index(after: equals)...]
            let plain = FieldText.isToken(argument) ? String(argument) : FieldText.unquoted(argument)
            return Directive(
                name: FieldText.trimmed(name).lowercased(), argument: plain ?? FieldText.trimmed(argument),
                isWellFormed: plain != nil && FieldText.isToken(name))
        }
    }

    /// Whether there is a directive of this name, whatever its argument.
    func has(_ name: String) -> Bool { all.contains { $0.name == name } }

    /// The first directive of this name.
    func first(_ name: String) -> Directive? { all.first { $0.name == name } }

    /// The seconds of the first directive of this name (RFC 9111 section 4.2.1); nil if there is none.
    ///
    /// - Parameter invalid: Stands for what is not a number of seconds.
    func seconds(_ name: String, invalid: Int64?) -> Int64? {
        guard let directive = first(name) else { return nil }
        guard directive.isWellFormed, let argument = directive.argument else { return invalid }
        return FieldText.deltaSeconds(argument) ?? invalid
    }

    /// For `no-cache` and `private`: whether the whole response is meant, and else which fields are.
    ///
    /// An argument that names no field means the whole response, since that is the careful reading.
    func scope(_ name: String) -> (whole: Bool, fields: Set<String>) {
        var fields: Set<String> = []
        for directive in all where directive.name == name {
            guard directive.isWellFormed, let argument = directive.argument else { return (true, []) }
            let names = FieldText.members(argument).map { $0.lowercased() }
            guard !names.isEmpty, names.allSatisfy({ FieldText.isToken($0) }) else { return (true, []) }
            fields.formUnion(names)
        }
        return (false, fields)
    }
}
