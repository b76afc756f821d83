/// Everything that is wrong in `_redirects` and `_headers`.
public struct SiteRulesError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One thing, and where.
    public struct Problem: Sendable, Equatable {
        /// The file's name.
        public let fileName: String
        /// From 1.
        public let line: Int
        /// From 1, in characters.
        public let column: Int
        /// What is wrong, and what to do.
        public let message: String
    }

    /// At least one, in the order of each file.
    public let problems: [Problem]

    /// `file:line:column: message`, a line for each problem.
    public var description: String {
        problems.map { "\($0.fileName):\($0.line):\($0.column): \($0.message)" }.joined(separator: "\n")
    }
}
