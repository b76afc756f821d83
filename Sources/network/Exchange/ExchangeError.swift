/// Why a blob cannot be had from peers.
public struct ExchangeError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; new kinds may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        private init(_ description: String) { self.description = description }

        /// No reachable node has the blob.
        public static let notFound = Code("blob/not-found")
        /// Every node that claims to have the blob sent bytes that are not it.
        public static let corrupt = Code("blob/corrupt")
        /// The nodes that had the blob were lost before it was complete.
        public static let unavailable = Code("blob/unavailable")
        /// The blob is larger than this node takes.
        public static let tooLarge = Code("blob/too-large")
        /// The fetch was given up because nobody waits for it any more.
        public static let cancelled = Code("blob/cancelled")
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
