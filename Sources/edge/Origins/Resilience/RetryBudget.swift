import NIOCore

/// How many requests to one origin may be sent again: a share of the requests, so that retries never multiply the load of
/// an origin that is down.
///
/// Each request adds ``ratio`` tokens, each retry takes one. A reserve lets origins with few requests have retries too; it
/// comes back with time.
struct RetryBudget: Sendable {
    /// Retries for each request, for long. Default 0.2.
    var ratio = 0.2
    /// Most tokens, and how many there are at first. Default 10.
    var maxTokens = 10.0
    /// Tokens that come with time alone. Default 0.1 a second.
    var perSecond = 0.1

    private(set) var tokens: Double
    private var updatedAt: NIODeadline?

    init() { tokens = 10 }

    /// A request that is no retry.
    mutating func onRequest(now: NIODeadline) {
        refill(now)
        tokens = min(maxTokens, tokens + ratio)
    }

    /// Takes one retry; false if the budget is spent.
    mutating func takeRetry(now: NIODeadline) -> Bool {
        refill(now)
        // Sums of fifths are not exact.
        guard tokens >= 1 - 1e-9 else { return false }
        tokens = max(0, tokens - 1)
        return true
    }

    private mutating func refill(_ now: NIODeadline) {
        if let updatedAt, now > updatedAt {
            tokens = min(maxTokens, tokens + Double((now - updatedAt).nanoseconds) / 1e9 * perSecond)
        }
        updatedAt = max(updatedAt ?? now, now)
    }
}
