/// Why a manifest is refused.
public struct ManifestError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; new kinds may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code as it is shown: `manifest/` and a name.
        public let description: String
        private init(_ description: String) { self.description = description }

        /// The bytes are no manifest.
        public static let malformed = Code("manifest/malformed")
        /// A path is absolute, escapes the site or holds characters that no URL can name.
        public static let badPath = Code("manifest/bad-path")
        /// A limit of ``ManifestLimits`` is passed.
        public static let tooLarge = Code("manifest/too-large")
    }

    /// The kind of failure.
    public let code: Code
    /// What was wrong, where, and what to do next.
    public let message: String

    /// An error of this kind.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Code and message.
    public var description: String { "\(code): \(message)" }
}
