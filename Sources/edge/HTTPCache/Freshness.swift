/// Age and freshness of a stored response at a moment (RFC 9111 section 4.2), in seconds.
public struct Freshness: Sendable, Equatable {
    /// Seconds since the origin made or validated it, by `Date`, `Age` and the clock (section 4.2.3).
    public let ageSeconds: Int64
    /// For how many seconds of its age it is fresh (section 4.2.1).
    public let lifetimeSeconds: Int64
    /// Whether a heuristic or a setting made the lifetime, and not the origin.
    public let isHeuristic: Bool

    /// Whether it is fresh.
    public var isFresh: Bool { lifetimeSeconds > ageSeconds }
    /// Seconds until it is stale; negative since it is.
    public var remainingSeconds: Int64 { lifetimeSeconds - ageSeconds }
    /// Seconds since it is stale; 0 while it is fresh.
    public var staleSeconds: Int64 { max(0, ageSeconds - lifetimeSeconds) }

    init(ageSeconds: Int64, lifetimeSeconds: Int64, isHeuristic: Bool) {
        self.ageSeconds = ageSeconds
        self.lifetimeSeconds = lifetimeSeconds
        self.isHeuristic = isHeuristic
    }
}

extension CachePolicy {
    /// Age and freshness of a stored response.
    ///
    /// - Parameter now: Milliseconds since 1970.
    public func freshness(_ stored: StoredResponse, now: Int64) -> Freshness {
        let age = CachePolicy.age(stored, now: now)
        var (lifetime, isHeuristic) = lifetime(
            status: stored.status, fields: stored.fields, date: stored.date, responseTime: stored.responseTime)
        if let invalidated = stored.invalidatedAt {
            lifetime = min(lifetime, CachePolicy.age(stored, now: min(invalidated, now)))
        }
        return Freshness(ageSeconds: age, lifetimeSeconds: lifetime, isHeuristic: isHeuristic)
    }

    /// When a stored response stops being fresh: milliseconds since 1970.
    public func freshUntil(_ stored: StoredResponse, now: Int64) -> Int64 {
        stored.responseTime - CachePolicy.initialAge(stored) + freshness(stored, now: now).lifetimeSeconds * 1_000
    }

    /// `current_age` of RFC 9111 section 4.2.3, in seconds; at most 2^31.
    static func age(_ stored: StoredResponse, now: Int64) -> Int64 {
        let resident = max(0, now - stored.responseTime)
        return min((initialAge(stored) + resident) / 1_000, FieldText.maximumSeconds)
    }

    /// `corrected_initial_age` of RFC 9111 section 4.2.3, in milliseconds.
    private static func initialAge(_ stored: StoredResponse) -> Int64 {
        // Date is a whole second, the one that had begun: compared with milliseconds it would make everything older.
        let apparent = max(0, stored.responseTime / 1_000 - stored.date) * 1_000
        let delay = max(0, stored.responseTime - stored.requestTime)
        // The first member of what should not be a list counts; what is no number does not (RFC 9111 section 5.1).
        let sent =
            stored.fields.combined("age").flatMap { FieldText.members($0).first }
            .flatMap { FieldText.deltaSeconds($0) } ?? 0
        return max(apparent, sent * 1_000 + delay)
    }

    /// `freshness_lifetime` of RFC 9111 section 4.2.1, in seconds.
    ///
    /// - Parameter date: Of the response, in seconds since 1970.
    func lifetime(
        status: Int, fields: CacheFields, date: Int64, responseTime: Int64
    ) -> (seconds: Int64, isHeuristic: Bool) {
        if let forced = override.seconds { return (max(0, forced), true) }
        let directives = ResponseDirectives(fields)
        if let seconds = directives.sharedMaxAge ?? directives.maxAge { return (seconds, false) }
        if directives.source != .targeted, fields.contains("expires") {
            let dates = Set(fields.all("expires"))
            guard dates.count == 1, let expires = CacheDate.seconds(dates.first ?? "", now: responseTime) else {
                return (0, false)
            }
            return (min(max(0, expires - date), FieldText.maximumSeconds), false)
        }
        if let seconds = secondsByStatus[status] { return (max(0, seconds), true) }
        guard StatusRules.heuristic.contains(status) || directives.isPublic else { return (0, true) }
        guard let value = fields.first("last-modified"), let modified = CacheDate.seconds(value, now: responseTime),
            modified < date
        else { return (max(0, defaultSeconds), true) }
        let share = (date - modified) * max(0, min(heuristicPercent, 100)) / 100
        return (min(share, max(0, maximumHeuristicSeconds)), true)
    }
}
