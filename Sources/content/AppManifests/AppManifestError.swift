/// What is wrong with a `skerry.toml`.
public struct AppManifestError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One thing that is wrong.
    public struct Problem: Sendable, Equatable {
        public let position: TOMLPosition
        /// What was wrong, and what to write.
        public let message: String
    }

    /// What the file is called.
    public let fileName: String
    /// In the order of the file; at least one.
    public let problems: [Problem]

    /// A line `file:line:column: message` for each problem.
    public var description: String {
        problems.map { "\(fileName):\($0.position): \($0.message)" }.joined(separator: "\n")
    }
}
