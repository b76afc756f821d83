/// Which part of a query tells resources apart. What is left out of the key still goes to the origin.
public struct CacheKeyOptions: Sendable, Equatable {
    /// What of the query is in the key.
    public enum Query: Sendable, Equatable {
        /// All of it, as it was sent (default).
        case all
        /// Nothing of it.
        case none
        /// Only parameters with these names, percent-encoded or not.
        case only(Set<String>)
        /// All but parameters with these names.
        case except(Set<String>)
    }

    /// What of the query is in the key; all by default.
    public var query: Query
    /// Whether parameters are put into order by their names; off by default, since the order may mean something.
    public var sortsQuery: Bool

    /// The whole query, in its order, unless told otherwise.
    public init(query: Query = .all, sortsQuery: Bool = false) {
        self.query = query
        self.sortsQuery = sortsQuery
    }

    /// The part of a query that is in the key; nil if there is none.
    func kept(_ query: String?) -> String? {
        guard let query else { return nil }
        if self.query == .all, !sortsQuery { return query }
        var parts = query.split(separator: "&", omittingEmptySubsequences: false)
        func name(_ part: Substring) -> String {
            let text = part.prefix { $0 != "=" }
            return CacheURL.decoded(text, where: { _ in true }) ?? String(text)
        }
        // Where some see several parameters, as around a semicolon, one of them may be one that counts.
        func counts(_ part: Substring, _ isNamed: Bool) -> Bool { isNamed || part.contains(";") }
        switch self.query {
        case .all: break
        case .none: return nil
        case .only(let names): parts = parts.filter { counts($0, names.contains(name($0))) }
        case .except(let names): parts = parts.filter { counts($0, !names.contains(name($0))) }
        }
        if sortsQuery {
            // Values of one name keep their order, which may mean something.
            parts = parts.enumerated().sorted { (name($0.element), $0.offset) < (name($1.element), $1.offset) }
                .map(\.element)
        }
        return parts.isEmpty ? nil : parts.joined(separator: "&")
    }
}
