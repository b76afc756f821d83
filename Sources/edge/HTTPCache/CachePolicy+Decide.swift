extension CachePolicy {
    /// What to do with a request.
    ///
    /// - Parameters:
    ///   - request: As it arrived.
    ///   - candidates: What is stored under `key(for:)`; others are left out of account.
    ///   - now: Milliseconds since 1970.
    public func decide(_ request: CacheRequest, candidates: [StoredResponse], now: Int64) -> CacheDecision {
        let asked = RequestDirectives(request.fields)
        func forward(_ reason: ForwardPlan.Reason) -> CacheDecision {
            asked.onlyIfCached ? .refuse : .forward(plainPlan(request, reason: reason))
        }
        guard request.method == "GET" || request.method == "HEAD" else {
            return .forward(plainPlan(request, reason: .method))
        }
        guard let key = try? key(for: request) else { return forward(.bypass) }
        // These ask about the origin's state and not about a copy (RFC 9111 section 4.3.2).
        guard !request.fields.contains("if-match"), !request.fields.contains("if-unmodified-since") else {
            return forward(.request)
        }
        let ofURL = candidates.filter { $0.key == key }
        guard let stored = CachePolicy.mostRecent(ofURL.filter { $0.matches(request.fields) }) else {
            guard !ofURL.isEmpty, !asked.onlyIfCached, !asked.noStore else {
                return forward(ofURL.isEmpty ? .uriMiss : .varyMiss)
            }
            return .forward(variantPlan(request, others: ofURL))
        }
        return decide(request, asked: asked, stored: stored, now: now)
    }

    private func decide(
        _ request: CacheRequest, asked: RequestDirectives, stored: StoredResponse, now: Int64
    ) -> CacheDecision {
        let freshness = freshness(stored, now: now)
        let use = use(stored, freshness: freshness, asked: asked)
        switch CachePolicy.selection(of: stored, for: request) {
        case .answer(let answer):
            if case .serve(let staleness) = use {
                var plan = ServePlan(
                    stored: stored, freshness: freshness, staleness: staleness, answer: answer, background: nil,
                    isHead: request.method == "HEAD")
                if staleness == .whileRevalidate { plan.background = backgroundPlan(request, stored: stored) }
                return .serve(plan)
            }
            guard !asked.onlyIfCached, case .validate(let reason) = use else { return .refuse }
            return .forward(
                asked.noStore
                    ? plainPlan(request, reason: reason, stored: stored)
                    : validation(request, stored: stored, reason: reason))
        case .missing(let ranges):
            guard !asked.onlyIfCached else { return .refuse }
            var reason = ForwardPlan.Reason.partial
            if case .validate(let other) = use { reason = other }
            guard !asked.noStore, let plan = completion(request, stored: stored, missing: ranges, reason: reason) else {
                return .forward(plainPlan(request, reason: reason))
            }
            return .forward(plan)
        }
    }

    /// Whether a response that arrives for one request may answer another that waited for it: if it could be reused for that
    /// (RFC 9111 section 4). One about which the origin says nothing is as good for all who ask at the same time.
    ///
    /// - Parameters:
    ///   - arriving: Its record; matches the request's selecting fields.
    ///   - now: Milliseconds since 1970.
    public func mayShare(_ arriving: StoredResponse, with request: CacheRequest, now: Int64) -> Bool {
        let asked = RequestDirectives(request.fields)
        let freshness = freshness(arriving, now: now)
        if case .serve = use(arriving, freshness: freshness, asked: asked) { return true }
        let asksOrigin = obeysRequests && (asked.noCache || asked.maxAge != nil || asked.minFresh != nil)
        return freshness.isHeuristic && !asksOrigin && !needsValidation(ResponseDirectives(arriving.fields))
    }

    /// Whether a stored response may be used as it is, whoever's body is meant.
    private enum Use {
        case serve(ServePlan.Staleness)
        case validate(ForwardPlan.Reason)
    }

    private func use(_ stored: StoredResponse, freshness: Freshness, asked: RequestDirectives) -> Use {
        let said = ResponseDirectives(stored.fields)
        if asked.noCache, obeysRequests { return .validate(.request) }
        if needsValidation(said) || stored.isInvalid { return .validate(.stale) }
        // A fresh immutable response stays what it is, also for a client that reloads (RFC 8246 section 2).
        let isImmutable = said.isImmutable && freshness.isFresh
        let isTooOld = obeysRequests && !isImmutable && asked.maxAge.map { freshness.ageSeconds > $0 } ?? false
        let lacksRest = obeysRequests && asked.minFresh.map { freshness.remainingSeconds < $0 } ?? false
        if freshness.isFresh { return isTooOld || lacksRest ? .validate(.request) : .serve(.fresh) }
        guard !isTooOld, !lacksRest else { return .validate(.stale) }
        if obeysRequests, let maxStale = asked.maxStale, allowsStale(said, isExplicit: false) {
            switch maxStale {
            case .any: return .serve(.maxStale)
            case .seconds(let seconds): if freshness.staleSeconds <= seconds { return .serve(.maxStale) }
            }
        }
        let window = said.staleWhileRevalidate ?? staleWhileRevalidateSeconds
        if window > 0, freshness.staleSeconds < window, asked.maxAge == nil || !obeysRequests,
            allowsStale(said, isExplicit: said.staleWhileRevalidate != nil)
        {
            return .serve(.whileRevalidate)
        }
        return .validate(.stale)
    }

    /// `no-cache`, and what a 304 forbade later for a response that was stored before.
    private func needsValidation(_ said: ResponseDirectives) -> Bool {
        switch override {
        case .none: said.noCache || said.isPrivate || (said.noStore && !said.mustUnderstand)
        case .lifetime: said.isPrivate || (said.noStore && !said.mustUnderstand)
        case .everything: said.isPrivate
        }
    }

    /// Whether a stale response may be used at all (RFC 9111 section 4.2.4).
    func allowsStale(_ said: ResponseDirectives, isExplicit: Bool) -> Bool {
        guard !said.mustRevalidate, !said.proxyRevalidate, !needsValidation(said) else { return false }
        return said.sharedMaxAge == nil || (isExplicit && allowsStaleBesideSharedMaxAge)
    }

    /// The most recent by `Date`, then by receipt (RFC 9111 section 4.1).
    static func mostRecent(_ responses: [StoredResponse]) -> StoredResponse? {
        responses.max { ($0.date, $0.responseTime) < ($1.date, $1.responseTime) }
    }
}
