extension CachePolicy {
    /// How a record that was stored, validated or completed just now answers the request that it was fetched for; nil if it
    /// does not hold what is asked for, or if nothing but the origin's response can.
    ///
    /// - Parameters:
    ///   - wasValidated: Whether a 304 made it right again.
    ///   - now: Milliseconds since 1970.
    public func answer(
        _ request: CacheRequest, from stored: StoredResponse, wasValidated: Bool, now: Int64
    ) -> ServePlan? {
        guard case .answer(let answer) = CachePolicy.selection(of: stored, for: request) else { return nil }
        return ServePlan(
            stored: stored, freshness: freshness(stored, now: now), staleness: .fresh, answer: answer, background: nil,
            isHead: request.method == "HEAD", wasValidated: wasValidated)
    }

    /// What to do when the origin fails (RFC 5861 section 4, RFC 9111 sections 4.2.4 and 4.3.3).
    ///
    /// - Parameter now: Milliseconds since 1970.
    public func onError(
        _ failure: ErrorDecision.Failure, for request: CacheRequest, plan: ForwardPlan, now: Int64
    ) -> ErrorDecision {
        let isUnreachable = failure == .unreachable
        if case .status(let status) = failure, !StatusRules.errors.contains(status) { return .pass }
        guard let stored = plan.stored, case .answer(let answer) = CachePolicy.selection(of: stored, for: request)
        else {
            return isUnreachable ? .fail(status: 502) : .pass
        }
        let said = ResponseDirectives(stored.fields)
        let asked = RequestDirectives(request.fields)
        let explicit = [said.staleIfError, obeysRequests ? asked.staleIfError : nil].compactMap { $0 }.max()
        guard !stored.isInvalid, allowsStale(said, isExplicit: explicit != nil) else {
            return isUnreachable ? .fail(status: 504) : .pass
        }
        let window = explicit ?? staleIfErrorSeconds
        let freshness = freshness(stored, now: now)
        var staleness: ServePlan.Staleness?
        if window > 0, freshness.staleSeconds <= window {
            staleness = .ifError
        } else if isUnreachable, freshness.staleSeconds <= staleWhenUnreachableSeconds, staleWhenUnreachableSeconds > 0
        {
            staleness = .unreachable
        }
        guard let staleness else { return isUnreachable ? .fail(status: 504) : .pass }
        var serving = ServePlan(
            stored: stored, freshness: freshness, staleness: freshness.isFresh ? .fresh : staleness, answer: answer,
            background: nil, isHead: request.method == "HEAD")
        serving.forward = plan.reason
        if case .status(let status) = failure { serving.forwardStatus = status }
        return .serve(serving)
    }

    /// Status and fields of an answer from the cache, with `Age` (RFC 9111 section 5.1) and `Cache-Status` (RFC 9211).
    ///
    /// A `multipart/byteranges` answer still needs its `Content-Type` and `Content-Length`, since they depend on the
    /// boundary; the parts have the `content-type` of `plan.stored`.
    ///
    /// - Parameters:
    ///   - status: Replaces what `cacheStatus(of:now:)` says; nil for that.
    ///   - now: Milliseconds since 1970.
    public func head(of plan: ServePlan, status: CacheStatus? = nil, now: Int64) -> ResponseHead {
        let stored = plan.stored
        var fields = stored.fields
        if hidesSurrogateKeys { fields.remove(["surrogate-key", "cache-tag"]) }
        let age = CachePolicy.age(stored, now: now)
        // The field says that the origin did not validate the response for this request (RFC 9111 section 5.1).
        if age > 0 || !plan.wasValidated { fields.set("age", String(age)) }
        var code = stored.status
        let total = stored.body.totalBytes
        switch plan.answer {
        case .whole:
            if let total, code != 204, code != 205 { fields.set("content-length", String(total)) }
        case .partial(let ranges):
            code = 206
            fields.remove(["content-length", "content-range"])
            if ranges.count == 1 {
                fields.set("content-range", ContentRange(range: ranges[0], total: total).text)
                fields.set("content-length", String(ranges[0].count))
            } else {
                fields.remove("content-type")
            }
        case .notModified:
            code = 304
            fields.remove(FieldRules.notIn304)
            if fields.contains("etag") { fields.remove("last-modified") }
        case .unsatisfiable:
            code = 416
            fields.remove(FieldRules.notIn304.union(["etag", "last-modified", "expires", "cache-control"]))
            fields.set("content-range", "bytes */\(total.map(String.init) ?? "*")")
            fields.set("content-length", "0")
        }
        fields.add("cache-status", (status ?? cacheStatus(of: plan, now: now)).text)
        return ResponseHead(status: code, fields: fields)
    }

    /// Fields of a response that goes through to the client, without those of the origin's connection and with
    /// `Cache-Status`.
    public func passFields(_ head: ResponseHead, status: CacheStatus) -> CacheFields {
        var fields = head.fields
        fields.remove(FieldRules.connection(of: head.fields))
        if hidesSurrogateKeys { fields.remove(["surrogate-key", "cache-tag"]) }
        fields.add("cache-status", status.text)
        return fields
    }

    /// What `Cache-Status` says of an answer from the cache.
    ///
    /// - Parameter now: Milliseconds since 1970.
    public func cacheStatus(of plan: ServePlan, now: Int64) -> CacheStatus {
        var status = CacheStatus(cache: name)
        if plan.wasValidated {
            status.forward = .stale
            status.forwardStatus = 304
        } else if let reason = plan.forward {
            status.forward = reason
            status.forwardStatus = plan.forwardStatus
        } else {
            status.isHit = true
        }
        status.ttlSeconds = freshness(plan.stored, now: now).remainingSeconds
        if showsKey { status.key = plan.stored.key.text }
        return status
    }
}
