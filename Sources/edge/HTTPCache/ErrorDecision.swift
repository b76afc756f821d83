/// What to do when the origin fails.
public enum ErrorDecision: Sendable, Equatable {
    /// How it fails.
    public enum Failure: Sendable, Equatable {
        /// It answered with this status.
        case status(Int)
        /// It did not answer: no connection, a time-out, a broken message.
        case unreachable
    }

    /// Answer from the cache.
    case serve(ServePlan)
    /// Pass the origin's answer on.
    case pass
    /// Answer with an error of this node: 504 if the cache may not use what it has (RFC 9111 section 5.2.2.2), else 502.
    case fail(status: Int)
}
