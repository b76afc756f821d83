/// What to do with a request.
public enum CacheDecision: Sendable, Equatable {
    /// Answer from the cache.
    case serve(ServePlan)
    /// Ask the origin.
    case forward(ForwardPlan)
    /// Answer 504 (Gateway Timeout): the client wants only what is stored, and nothing fits (RFC 9111 section 5.2.1.7).
    case refuse
}
