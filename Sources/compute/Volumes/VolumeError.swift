/// What went wrong with a volume.
public struct VolumeError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code's text.
        public let description: String
        init(_ description: String) { self.description = description }

        /// There is no such volume on this node.
        public static let notFound = Code("volume/not-found")
        /// A machine uses the volume, or it is being restored.
        public static let inUse = Code("volume/in-use")
        /// The bytes are no snapshot, or one that may not be restored.
        public static let badSnapshot = Code("volume/bad-snapshot")
        /// More than a limit allows.
        public static let tooLarge = Code("volume/too-large")
        /// A file changed while it was read.
        public static let changed = Code("volume/changed")
        /// The disk refused.
        public static let disk = Code("volume/disk")
    }

    /// The kind of failure.
    public let code: Code
    /// What was wrong, where, and what to do next.
    public let message: String

    /// An error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// For logs.
    public var description: String { "\(code): \(message)" }
}
