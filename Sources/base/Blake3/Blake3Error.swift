/// What went wrong while a file was hashed, or a verified stream made or read.
public struct Blake3Error: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; new kinds may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        private init(_ description: String) { self.description = description }

        /// The file cannot be opened or read.
        public static let unreadable = Code("blake3/unreadable")
        /// The file became shorter while it was read.
        public static let fileChanged = Code("blake3/file-changed")
        /// Bytes that do not belong to the digest they were checked against.
        public static let mismatch = Code("blake3/mismatch")
        /// A stream or outboard whose size or length cannot be right.
        public static let malformed = Code("blake3/malformed")
        /// A stream that ended before what was asked for.
        public static let truncated = Code("blake3/truncated")
        /// More bytes than a limit allows, or than the caller's buffer has room for.
        public static let tooLarge = Code("blake3/too-large")
    }

    /// The kind of failure.
    public let code: Code
    /// What was wrong, where, and what to do next.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code): \(message)" }
}
