/// Why a blob cannot be had from peers.
public struct ExchangeError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; new kinds may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code as it is printed and sent, such as `blob/not-found`.
        public let description: String
        private init(_ description: String) { self.description = description }

        /// No reachable node has the blob.
        public static let notFound = Code("blob/not-found")
        /// Every node that claims to have the blob sent bytes that are not it.
        public static let corrupt = Code("blob/corrupt")
        /// The nodes that had the blob were lost before it was complete, or they have only parts of it.
        public static let unavailable = Code("blob/unavailable")
        /// The blob is larger than this node takes.
        public static let tooLarge = Code("blob/too-large")
        /// The fetch was given up because nobody waits for it any more.
        public static let cancelled = Code("blob/cancelled")
    }

    /// What kind of failure it is.
    public let code: Code
    /// What was wrong, where, and what to do next.
    public let message: String

    /// An error with a message for people.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether the failure lies with the providers, and not with this node: other ones, or a later attempt, may help.
    public var describesProviders: Bool { [.notFound, .corrupt, .unavailable].contains(code) }

    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}
