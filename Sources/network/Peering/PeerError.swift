/// Why a request to a peer, or a connection with one, failed.
public struct PeerError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure. A peer may answer with codes of its own rooms, such as `blob/not-found`.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code as it travels, such as `peer/busy`.
        public let description: String
        /// A code of any room.
        public init(_ description: String) { self.description = description }

        /// The peer cannot be reached.
        public static let unreachable = Code("peer/unreachable")
        /// The connection ended before the answer came.
        public static let closed = Code("peer/closed")
        /// The answer did not come in time.
        public static let timeout = Code("peer/timeout")
        /// The request was cancelled by this side; a peer cannot cause it.
        public static let cancelled = Code("peer/cancelled")
        /// The peer serves as many requests of ours as it allows.
        public static let busy = Code("peer/busy")
        /// The peer sent bytes that do not follow the protocol: this side's own finding.
        public static let protocolViolation = Code("peer/protocol-violation")
        /// The peer says that our request does not follow the protocol.
        public static let refused = Code("peer/refused")
        /// The peer does not know the request.
        public static let unsupported = Code("peer/unsupported")
        /// The peer's key is not on the ledger, or is not the expected one.
        public static let notOnLedger = Code("peer/not-on-ledger")
        /// The peer belongs to another network or speaks another protocol version.
        public static let incompatible = Code("peer/incompatible")
        /// The peer has no such blob, block or entry.
        public static let notFound = Code("peer/not-found")
        /// A request above the limit of a frame.
        public static let tooLarge = Code("peer/too-large")
        /// The peer failed inside, or said something of our side that only our side can know.
        public static let internalError = Code("peer/internal")
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

    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}

extension PeerError.Code {
    /// What only this side finds out about a request or a connection.
    private static let ownFindings: Set = [unreachable, closed, timeout, cancelled, incompatible, tooLarge]

    /// The code to act on when a peer sent this one: what it says must not pass for what this side has found, on which
    /// callers rely (a cancelled request needs no care, a violation bans).
    var fromPeer: PeerError.Code {
        if self == .protocolViolation { return .refused }
        return PeerError.Code.ownFindings.contains(self) ? .internalError : self
    }
}
