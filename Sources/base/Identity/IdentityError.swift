/// What went wrong with a key or a certificate.
public struct IdentityError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; new kinds may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        private init(_ description: String) { self.description = description }

        /// A key file cannot be read or written.
        public static let keyFileUnusable = Code("identity/key-file-unusable")
        /// A key file can be read by other users.
        public static let keyFileExposed = Code("identity/key-file-exposed")
        /// A certificate does not hold an Ed25519 key, or cannot be made.
        public static let badCertificate = Code("identity/bad-certificate")
    }

    public let code: Code
    /// What was wrong, where, and what to do next.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code): \(message)" }
}
