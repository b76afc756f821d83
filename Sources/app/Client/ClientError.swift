/// Why a command of the client cannot be carried out.
public struct ClientError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; new kinds may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        private init(_ description: String) { self.description = description }

        /// The node does not answer.
        public static let unreachable = Code("client/unreachable")
        /// A file or folder cannot be deployed as it is.
        public static let badInput = Code("client/bad-input")
        /// A file cannot be read or written.
        public static let fileUnusable = Code("client/file-unusable")
        /// The bytes that a node sent are not the blob that was asked for.
        public static let corrupt = Code("client/corrupt")
        /// The name belongs to another account.
        public static let nameTaken = Code("ledger/name-taken")
        /// The node answered something that this client does not understand.
        public static let badAnswer = Code("client/bad-answer")
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
