/// Why bytes on a peer connection are no frame.
public struct FrameError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; new kinds may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code as it is printed, such as `frame/too-large`.
        public let description: String
        private init(_ description: String) { self.description = description }

        /// The header or the body does not follow the protocol.
        public static let malformed = Code("frame/malformed")
        /// The body is above the limit.
        public static let tooLarge = Code("frame/too-large")
    }

    /// What kind of failure it is.
    public let code: Code
    /// What was wrong, for people.
    public let message: String

    /// An error with a message for people.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}
