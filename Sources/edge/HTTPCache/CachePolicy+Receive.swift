extension CachePolicy {
    /// What to do with a final response of the origin.
    ///
    /// - Parameters:
    ///   - head: As it was received.
    ///   - request: The client's request, not the one that was sent.
    ///   - plan: What was sent.
    ///   - candidates: All that is stored under the key, so that a 304 updates every record that it is about, and can be
    ///     about another variant; `plan.stored` is always one of them.
    ///   - requestTime: When the request was sent, milliseconds since 1970.
    ///   - responseTime: When the head was received, milliseconds since 1970.
    public func receive(
        _ head: ResponseHead, for request: CacheRequest, plan: ForwardPlan, candidates: [StoredResponse] = [],
        requestTime: Int64, responseTime: Int64
    ) -> StoreDecision {
        guard request.method == "GET" || request.method == "HEAD" else { return .pass(.method) }
        guard (200...599).contains(head.status) else { return .pass(.status) }
        let arrival = Arrival(head: head, request: request, requestTime: requestTime, responseTime: responseTime)
        if head.status == 304 {
            guard plan.isValidation else { return .pass(.status) }
            guard let stored = plan.stored else { return sameAsVariant(arrival, candidates: candidates) }
            return notModified(arrival, stored: stored, candidates: candidates)
        }
        if request.method == "HEAD" { return headResponse(arrival, stored: plan.stored) }
        if let reason = reasonNotToStore(arrival) { return .pass(reason) }
        guard head.status == 206 else {
            guard let stored = make(arrival) else { return .pass(.size) }
            return isOfUse(stored) ? .store(stored) : .pass(.useless)
        }
        return partial(arrival, stored: plan.stored)
    }

    /// The record that a response shows to be outdated although it is not stored itself: drop it, since only the most recent
    /// response may be used (RFC 9111 section 4). Nil if there is none.
    ///
    /// - Parameters:
    ///   - decision: What `receive` said of the response.
    ///   - plan: What was sent.
    public func superseded(by head: ResponseHead, decision: StoreDecision, plan: ForwardPlan) -> StoredResponse? {
        guard case .pass(let reason) = decision, let stored = plan.stored else { return nil }
        let isAnswer = (200...399).contains(head.status) && head.status != 206 && head.status != 304
        guard isAnswer || head.status == 404 || head.status == 410 else { return nil }
        switch reason {
        case .noStore, .isPrivate, .setCookie, .vary, .notCacheable, .useless, .size: return stored
        case .method, .url, .status, .requestNoStore, .authorization: return nil
        }
    }

    /// A response with all that belongs to it.
    struct Arrival {
        let head: ResponseHead
        let request: CacheRequest
        let requestTime: Int64
        let responseTime: Int64
    }

    /// Whether a response may be stored (RFC 9111 section 3).
    private func reasonNotToStore(_ arrival: Arrival) -> StoreDecision.PassReason? {
        let (head, request) = (arrival.head, arrival.request)
        let said = ResponseDirectives(head.fields)
        var obeysNoStore = true
        if case .everything = override { obeysNoStore = false }
        if RequestDirectives(request.fields).noStore { return .requestNoStore }
        let asked = StatusRules.answers[head.status] ?? []
        if StatusRules.unstorable.contains(head.status) || asked.contains(where: request.fields.contains) {
            return .status
        }
        let isUnderstood = StatusRules.understood.contains(head.status)
        if said.mustUnderstand, !isUnderstood { return .noStore }
        if said.noStore, !said.mustUnderstand, obeysNoStore { return .noStore }
        if said.isPrivate { return .isPrivate }
        guard let vary = VaryField.all(of: head.fields, request: request.fields),
            !vary.contains(where: { unkeyedFields.contains($0.name) })
        else { return .vary }
        let isForAll = said.isPublic || said.sharedMaxAge != nil
        if request.fields.contains("authorization"), !isForAll, !said.mustRevalidate { return .authorization }
        if head.fields.contains("set-cookie"), !said.privateFields.contains("set-cookie"),
            !said.noCacheFields.contains("set-cookie"), !allowsSetCookie(head.fields)
        {
            return .setCookie
        }
        let isExplicit = CachePolicy.isExplicit(said, head.fields)
        let isAllowed = StatusRules.heuristic.contains(head.status) || secondsByStatus[head.status] != nil
        guard isExplicit || isAllowed || (override.seconds != nil && isUnderstood) else { return .notCacheable }
        return nil
    }

    /// Whether the origin says for how long a response is fresh, or that it is for all.
    private static func isExplicit(_ said: ResponseDirectives, _ fields: CacheFields) -> Bool {
        said.maxAge != nil || said.sharedMaxAge != nil || said.isPublic
            || (said.source != .targeted && fields.contains("expires"))
    }

    /// Whether a response with these fields may be stored with its `Set-Cookie`.
    func allowsSetCookie(_ fields: CacheFields) -> Bool {
        switch setCookie {
        case .never: return false
        case .asOtherFields: return true
        case .whenExplicit:
            let said = ResponseDirectives(fields)
            return said.source == .targeted || CachePolicy.isExplicit(said, fields)
        }
    }

    /// The record of a response, still without its body; nil if it is too long or varies by everything.
    private func make(_ arrival: Arrival) -> StoredResponse? {
        let (head, request) = (arrival.head, arrival.request)
        guard let key = try? key(for: request),
            let vary = VaryField.all(of: head.fields, request: request.fields),
            vary.count <= StoredResponse.maximumVary,
            let keys = SurrogateKeys.all(of: head.fields)
        else { return nil }
        let length = head.fields.contains("transfer-encoding") ? nil : CachePolicy.contentLength(head.fields)
        var fields = head.fields
        fields.remove(CachePolicy.unstored(head.fields))
        if head.fields.contains("transfer-encoding") { fields.remove("content-length") }
        let stored = StoredResponse(
            key: key, vary: vary, status: head.status, fields: fields, requestTime: arrival.requestTime,
            responseTime: arrival.responseTime, body: StoredBody(totalBytes: length), surrogateKeys: keys
        ).dated()
        return isWithinLimits(stored) ? stored : nil
    }

    /// A response with a part of the body (RFC 9111 sections 3.3 and 3.4).
    private func partial(_ arrival: Arrival, stored: StoredResponse?) -> StoreDecision {
        guard storesPartial, let value = arrival.head.fields.first("content-range"), let range = ContentRange(value),
            !(arrival.head.fields.first("content-type") ?? "").lowercased().hasPrefix("multipart/byteranges")
        else { return .pass(.status) }
        if let stored, let tag = stored.tag, stored.status == 200, let new = arrival.head.fields.first("etag"),
            EntityTag(new)?.matchesStrongly(tag) == true,
            range.total == nil || stored.body.totalBytes == nil || range.total == stored.body.totalBytes
        {
            var combined = updated(stored, by: arrival)
            let total = stored.body.totalBytes ?? range.total
            combined.body.totalBytes = total
            if combined.body.held.insert(range.range), isWithinLimits(combined),
                combined.body.held.ranges.last?.upperBound ?? 0 <= total ?? .max
            {
                return .combine(combined, part: range.range)
            }
        }
        guard var record = make(arrival) else { return .pass(.size) }
        record.status = 200
        record.fields.remove(["content-range", "content-length"])
        record.body = StoredBody(held: ByteRangeSet(range.range), totalBytes: range.total)
        guard isWithinLimits(record) else { return .pass(.size) }
        return isOfUse(record) ? .store(record) : .pass(.useless)
    }

    /// Whether it can ever answer a request: now, after a validation, or when it is stale.
    private func isOfUse(_ stored: StoredResponse) -> Bool {
        if stored.hasValidator { return true }
        let said = ResponseDirectives(stored.fields)
        if said.noCache, override == .none { return false }
        if freshness(stored, now: stored.responseTime).isFresh { return true }
        let windows = [
            said.staleWhileRevalidate ?? staleWhileRevalidateSeconds, said.staleIfError ?? staleIfErrorSeconds,
        ]
        let isExplicit = said.staleWhileRevalidate != nil || said.staleIfError != nil
        return allowsStale(said, isExplicit: isExplicit) && windows.contains { $0 > 0 }
    }

    private func isWithinLimits(_ stored: StoredResponse) -> Bool {
        stored.fields.byteCount <= min(maximumFieldBytes, StoredResponse.maximumFieldBytes)
            && stored.fields.lines.count <= StoredResponse.maximumLines
            && (stored.body.totalBytes ?? stored.body.held.ranges.last?.upperBound ?? 0)
                <= min(maximumBodyBytes, StoredBody.maximumBytes)
    }

    /// What of a response is never stored (RFC 9111 section 3.1), or only answers the request that it was made for.
    static func unstored(_ fields: CacheFields) -> Set<String> {
        let said = ResponseDirectives(fields)
        return FieldRules.connection(of: fields).union(FieldRules.proxyOnly).union(said.privateFields)
            .union(said.noCacheFields)
    }

    static func contentLength(_ fields: CacheFields) -> Int64? {
        let values = Set(fields.all("content-length"))
        guard values.count == 1, let value = values.first, let length = ByteRangeRequest.number(value[...]) else {
            return nil
        }
        return length
    }
}
