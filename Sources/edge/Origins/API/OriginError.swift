/// Why an origin's answer cannot be had, or not all of it.
public struct OriginError: Error, Sendable, CustomStringConvertible {
    /// What kind of thing went wrong.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// For metrics and logs.
        public let description: String
        private init(_ description: String) { self.description = description }

        /// A failure of an origin that another node tells of; nil for what no other node can know.
        public init?(ofPeer name: String) {
            let known: [Code] = [
                .timeout, .badResponse, .tooLarge, .breakerOpen, .overloaded, .budgetSpent, .verificationFailed,
            ]
            guard let code = known.first(where: { $0.description == name }) else { return nil }
            self = code
        }

        /// The description of the origin is wrong: the app's owner must change it.
        public static let badDescription = Code("bad_description")
        /// The address or folder may not be reached: the node's operator must allow it.
        public static let refusedAddress = Code("refused_address")
        /// No connection, or it broke before an answer came.
        public static let unreachable = Code("unreachable")
        /// Too slow.
        public static let timeout = Code("timeout")
        /// The answer breaks the rules, such as a body that is shorter than declared.
        public static let badResponse = Code("bad_response")
        /// More than a limit allows.
        public static let tooLarge = Code("too_large")
        /// The origin failed so often that it is left alone for a while.
        public static let breakerOpen = Code("breaker_open")
        /// Too many requests to the origin are open.
        public static let overloaded = Code("overloaded")
        /// The last attempt failed, and the budget for retries is spent.
        public static let budgetSpent = Code("budget_spent")
        /// There is no such file. Origins that speak HTTP answer 404 instead.
        public static let notFound = Code("not_found")
        /// What came does not hash to what was asked for, from no source.
        public static let verificationFailed = Code("verification_failed")
        /// The request came here before (RFC 8586).
        public static let loop = Code("loop")
        /// The request itself cannot be sent, such as a method that the origin does not have.
        public static let badRequest = Code("bad_request")
        /// A form of content that this software does not read.
        public static let unsupported = Code("unsupported")
        /// The node is closing, or the reader went away.
        public static let cancelled = Code("cancelled")
    }

    /// The kind.
    public let code: Code
    /// What was wrong, where, and what to do next: one sentence without a full stop at its end, without secrets.
    public let message: String
    /// When asking again may help, in seconds; nil if nobody knows.
    public let retryAfter: Int?

    /// - Parameters:
    ///   - code: The kind.
    ///   - message: One sentence without a full stop at its end.
    ///   - retryAfter: Seconds.
    public init(_ code: Code, _ message: String, retryAfter: Int? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }

    /// The status that a visitor gets in place of an answer: 404, 400, 501, 502, 503, 504 or 508.
    public var status: Int {
        switch code {
        case .notFound: 404
        case .badRequest: 400
        case .unsupported: 501
        case .breakerOpen, .overloaded, .cancelled: 503
        case .timeout: 504
        case .loop: 508
        default: 502
        }
    }

    /// For logs.
    public var description: String { "\(code): \(message)" }
}
