/// Why a recording or a receipt cannot be made, read or believed.
public struct RecordingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What happened. New codes may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// A stable name.
        public let description: String

        private init(_ description: String) { self.description = description }

        /// The bytes are not a recording or a receipt, or are damaged.
        public static let malformed = Code("recording/malformed")
        /// A newer version made the bytes.
        public static let version = Code("recording/version")
        /// Something is larger than ``RecordingLimits`` or ``ReceiptLimits`` allow.
        public static let tooLarge = Code("recording/too-large")
        /// The bytes are not what the node signed.
        public static let badSignature = Code("recording/bad-signature")
        /// The function's code does not load.
        public static let loadFailed = Code("recording/load-failed")
        /// The invocation broke a limit, so that it would not end in the same way again.
        public static let limit = Code("recording/limit")
        /// The function waits for something that never comes.
        public static let noAnswer = Code("recording/no-answer")
        /// The worker did something that no worker does.
        public static let worker = Code("recording/worker")
    }

    /// What happened.
    public let code: Code
    /// What was wrong, where, and what to do next.
    public let message: String

    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}
