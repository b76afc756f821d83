/// Why secrets cannot be sealed, taken or opened. No message holds a value.
public struct SecretsError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure; new kinds may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        private init(_ description: String) { self.description = description }

        /// A name that `env` cannot hold.
        public static let badName = Code("secrets/bad-name")
        /// A value that is empty or no text.
        public static let badValue = Code("secrets/bad-value")
        /// A value, a list or all values together are above ``SecretLimits``.
        public static let tooLarge = Code("secrets/too-large")
        /// Bytes that are no list, no key or no sealed value.
        public static let malformed = Code("secrets/malformed")
        /// A signature that is not its signer's, or is for another network.
        public static let badSignature = Code("secrets/bad-signature")
        /// The list is not signed by the account that owns the app.
        public static let wrongOwner = Code("secrets/wrong-owner")
        /// The list is older than the one that is there.
        public static let stale = Code("secrets/stale")
        /// A sealed value that is for another node, another app or another list, or was changed.
        public static let notOpened = Code("secrets/not-opened")
        /// A node that does not serve the app, so it may not have its secrets.
        public static let notServing = Code("secrets/not-serving")
        /// No node, or too few, could be given the secrets.
        public static let notStored = Code("secrets/not-stored")
        /// There is no such app or secret.
        public static let unknown = Code("secrets/unknown")
        /// The node's folder for secrets cannot be written.
        public static let folderUnusable = Code("secrets/folder-unusable")
    }

    public let code: Code
    /// What was wrong, where, and what to do next.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// A value above ``SecretLimits/maxValueBytes``. How long it is is not said: who reads one stops behind the limit.
    public static let valueTooLong = SecretsError(
        .tooLarge,
        "A secret has at most \(SecretLimits.maxValueBytes) bytes (\(SecretLimits.maxValueBytes >> 10) KiB), and this value has "
            + "more; keep what is larger elsewhere, and its key here")

    public var description: String { "\(code): \(message)" }
}
