import NIOCore

/// What a node knows of one origin: its breaker, its retry budget, and what is under way.
struct OriginHealth: Sendable {
    /// How one attempt ended.
    enum Outcome: Equatable, Sendable {
        case success
        /// By the origin's fault.
        case failure
        /// Nobody knows, or it was not the origin's fault.
        case abandoned
    }

    /// Why a request does not begin.
    enum Refusal: Error, Equatable {
        case breakerOpen(TimeAmount)
        case full
    }

    var breaker = CircuitBreaker()
    var budget = RetryBudget()
    /// Requests whose bodies are not over.
    private(set) var inFlight = 0
    private(set) var statistics = OriginStatistics()
    /// When a failure was last told of.
    var toldAt = NIODeadline.distantPast
    /// When a request last began or ended.
    private(set) var usedAt = NIODeadline.distantPast

    /// Begins a request; it ends with ``end(now:)``.
    mutating func begin(maxConcurrent: Int, now: NIODeadline) throws(Refusal) -> CircuitBreaker.Pass {
        usedAt = now
        guard inFlight < maxConcurrent else {
            statistics.refused += 1
            throw .full
        }
        let pass = try admit(now)
        budget.onRequest(now: now)
        inFlight += 1
        statistics.requests += 1
        statistics.attempts += 1
        return pass
    }

    /// Lets a request be sent again whose attempt failed; nil if the budget is spent, or the breaker lets only one through.
    mutating func beginRetry(_ pass: CircuitBreaker.Pass, now: NIODeadline) -> CircuitBreaker.Pass? {
        guard breaker.state == .closed, budget.takeRetry(now: now) else { return nil }
        statistics.failures += 1
        statistics.attempts += 1
        return pass
    }

    /// How the attempt of a pass ended; a body's failure is a second report after the head's success.
    mutating func report(_ outcome: Outcome, _ pass: CircuitBreaker.Pass, now: NIODeadline) {
        switch outcome {
        case .success: breaker.onSuccess(pass, now: now)
        case .failure:
            statistics.failures += 1
            breaker.onFailure(pass, now: now)
        case .abandoned: breaker.onAbandoned(pass, now: now)
        }
    }

    /// The request's body is over.
    mutating func end(now: NIODeadline) {
        usedAt = now
        inFlight -= 1
    }

    /// Numbers as they are now.
    func snapshot(name: String) -> OriginStatistics {
        var snapshot = statistics
        snapshot.name = name
        snapshot.inFlight = inFlight
        snapshot.openings = breaker.openings
        snapshot.isOpen = breaker.state != .closed
        return snapshot
    }

    private mutating func admit(_ now: NIODeadline) throws(Refusal) -> CircuitBreaker.Pass {
        switch breaker.admit(now: now) {
        case .success(let pass): return pass
        case .failure(let refusal):
            statistics.refused += 1
            throw .breakerOpen(refusal.remaining)
        }
    }
}
