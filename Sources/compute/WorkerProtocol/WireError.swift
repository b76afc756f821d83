/// Bytes on a worker's socket that are not a frame.
public struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of damage was found. New codes may be added.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// A stable name, for logs.
        public let rawValue: String
        /// Wraps a name.
        public init(rawValue: String) { self.rawValue = rawValue }
        /// The length prefix exceeds ``WireLimits/maxFrameBytes``.
        public static let frameTooLarge = Code(rawValue: "wire/frame-too-large")
        /// The frame's type byte is not one of ours.
        public static let unknownType = Code(rawValue: "wire/unknown-type")
        /// The other side does not read what it asked for.
        public static let unread = Code(rawValue: "wire/unread")
        /// A field ends after its frame, breaks a limit or holds an impossible value.
        public static let malformed = Code(rawValue: "wire/malformed")
    }

    /// What kind of damage was found.
    public let code: Code
    /// What was wrong and where, for a log line.
    public let message: String

    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The code and the message.
    public var description: String { "\(code.rawValue): \(message)" }
}
