/// What a node counted about one origin since it started.
public struct OriginStatistics: Hashable, Sendable {
    /// ``OriginDescription/name``.
    public internal(set) var name = ""
    /// Requests that began.
    public internal(set) var requests = 0
    /// Times that the origin was asked, retries included.
    public internal(set) var attempts = 0
    /// Attempts that failed by the origin's fault.
    public internal(set) var failures = 0
    /// Requests that did not begin, because the breaker was open or too many were under way.
    public internal(set) var refused = 0
    /// Times that the breaker opened.
    public internal(set) var openings = 0
    /// Requests whose bodies are not over.
    public internal(set) var inFlight = 0
    /// Whether the breaker is open or tries.
    public internal(set) var isOpen = false

    /// Nothing counted.
    init() {}
}
