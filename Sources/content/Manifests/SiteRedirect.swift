/// One rule of `_redirects`.
public struct SiteRedirect: Sendable, Hashable {
    /// What a query must have: a value, or any that is then known by a name.
    public struct Condition: Sendable, Hashable {
        /// The parameter's name.
        public let name: String
        /// The parameter's value, or `:` and a placeholder.
        public let value: String

        /// The placeholder's name; nil for a value.
        var placeholder: String? {
            value.hasPrefix(":") && SitePathPattern.isName(value.dropFirst()) ? String(value.dropFirst()) : nil
        }

        /// A condition; nothing is checked.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Which paths.
    public let from: SitePathPattern
    /// Where to.
    public let to: SiteTarget
    /// 200 to answer with what is at the target, 404 to do so and say that there is nothing, or a redirect's status.
    public let status: Int
    /// Whether the rule holds even where there is a file.
    public let isForced: Bool
    /// What the query must have, in order of the names.
    public let query: [Condition]

    /// What a rule may have as its status.
    public static let statuses = [200, 301, 302, 303, 307, 308, 404]
    /// The status of a rule that gives none.
    public static let defaultStatus = 301

    /// Reads a rule.
    ///
    /// - Throws: A `Mistake` with what is wrong, and in which part.
    public init(
        from: String, to: String, status: Int = SiteRedirect.defaultStatus, isForced: Bool = false,
        query: [Condition] = []
    ) throws(Mistake) {
        do { self.from = try SitePathPattern(from) } catch { throw Mistake(part: .from, message: error.message) }
        var names = self.from.names
        for condition in query {
            guard !condition.name.isEmpty, query.count(where: { $0.name == condition.name }) == 1 else {
                throw Mistake(part: .query, message: "a query parameter is given twice, or has no name")
            }
            if let name = condition.placeholder, !names.insert(name).inserted {
                throw Mistake(part: .query, message: "the placeholder :\(name) is given twice")
            }
        }
        do { self.to = try SiteTarget(to, names: names) } catch { throw Mistake(part: .to, message: error.message) }
        guard SiteRedirect.statuses.contains(status) else {
            let known = SiteRedirect.statuses.map(String.init).joined(separator: ", ")
            throw Mistake(part: .status, message: "\(status) is no status of a rule; there are \(known)")
        }
        if status == 200 || status == 404 {
            guard !self.to.isAbsolute else {
                throw Mistake(
                    part: .to,
                    message: "a rewrite (\(status)) stays inside the site; redirect with 302, or let an app of kind "
                        + "\"origin\" answer for another server")
            }
            guard self.to.isPath else {
                throw Mistake(part: .to, message: "the target of a rewrite (\(status)) is a path without ? and #")
            }
        }
        self.status = status
        self.isForced = isForced
        self.query = query.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// What is wrong with a rule.
    public struct Mistake: Error, Sendable, Equatable {
        /// The part of a rule's line.
        public enum Part: Sendable { case from, query, to, status }
        /// Where.
        public let part: Part
        /// What.
        public let message: String
    }
}
