extension CachePolicy {
    /// What of a request's header section goes to the origin: all but the fields of the client's connection.
    public func forwardFields(_ request: CacheRequest) -> CacheFields {
        var fields = request.fields
        fields.remove(FieldRules.connection(of: request.fields))
        return fields
    }

    /// The plan for a 304 that fits nothing (`StoreDecision.retry`): the same request without conditions and ranges.
    public func unconditional(_ plan: ForwardPlan) -> ForwardPlan {
        var plan = plan
        plan.fields.remove(FieldRules.conditions)
        plan.fields.remove("range")
        plan.isValidation = false
        plan.missing = []
        return plan
    }

    /// What asks for some bytes of the representation that answers a request, without the request's own conditions.
    ///
    /// - Parameters:
    ///   - first: The position of the first.
    ///   - end: The position behind the last; nil for all to the end.
    public func fields(_ request: CacheRequest, forBytesFrom first: Int64, to end: Int64?) -> CacheFields {
        var fields = forwardFields(request)
        fields.remove(FieldRules.conditions)
        fields.set("range", "bytes=\(first)-\(end.map { String($0 - 1) } ?? "")")
        return fields
    }

    /// The request as it is.
    ///
    /// - Parameter stored: What may serve if the origin fails.
    func plainPlan(
        _ request: CacheRequest, reason: ForwardPlan.Reason, stored: StoredResponse? = nil
    ) -> ForwardPlan {
        ForwardPlan(
            reason: reason, fields: forwardFields(request), stored: stored, isValidation: false,
            mayCollapse: CachePolicy.mayCollapse(request))
    }

    /// A request for a variant that is missing, with the tags of those that are there (RFC 9111 section 4.3.1). As it is if
    /// the client has conditions of its own, and with `Authorization`, whose answer may be for nobody else.
    func variantPlan(_ request: CacheRequest, others: [StoredResponse]) -> ForwardPlan {
        var plan = plainPlan(request, reason: .varyMiss)
        let own = FieldRules.conditions.union(["range", "authorization"])
        guard asksForVariants, request.method == "GET", !request.fields.lines.contains(where: { own.contains($0.name) })
        else { return plan }
        var tags: [String] = []
        for other in others.sorted(by: { $0.responseTime > $1.responseTime })
        where other.hasStrongTag && other.status == 200 && other.body.isWhole {
            if let tag = other.tag?.text, !tags.contains(tag), tags.count < CachePolicy.maximumTags { tags.append(tag) }
        }
        guard !tags.isEmpty else { return plan }
        plan.isValidation = true
        plan.fields.set("if-none-match", tags.joined(separator: ", "))
        return plan
    }

    /// Most tags of variants in one request.
    static let maximumTags = 8

    /// A conditional request for a stored response (RFC 9111 section 4.3.1). The client's own conditions are left out:
    /// they are looked at when the stored response is right again. Without a validator the request goes as it is.
    func validation(_ request: CacheRequest, stored: StoredResponse, reason: ForwardPlan.Reason) -> ForwardPlan {
        var plan = plainPlan(request, reason: reason)
        plan.stored = stored
        guard stored.hasValidator else { return plan }
        plan.isValidation = true
        plan.fields.remove(FieldRules.conditions)
        plan.fields.remove("range")
        if let tag = stored.tag { plan.fields.set("if-none-match", tag.text) }
        if let modified = stored.fields.first("last-modified"), stored.lastModified != nil {
            plan.fields.set("if-modified-since", modified)
        }
        return plan
    }

    /// A validation that no client waits for: without what this client asked of caches.
    func backgroundPlan(_ request: CacheRequest, stored: StoredResponse) -> ForwardPlan {
        var request = request
        request.method = "GET"
        request.fields.remove(FieldRules.conditions)
        request.fields.remove(["range", "cache-control", "pragma"])
        return validation(request, stored: stored, reason: .stale)
    }

    /// A request for what is missing of a partly held response (RFC 9111 section 3.3); nil if parts cannot be told from
    /// those of another representation, or if what is missing is not known.
    func completion(
        _ request: CacheRequest, stored: StoredResponse, missing: [Range<Int64>]?, reason: ForwardPlan.Reason
    ) -> ForwardPlan? {
        guard completesPartial, storesPartial, let tag = stored.tag, !tag.isWeak, let first = missing?.first,
            let last = missing?.last
        else { return nil }
        // One range, since the answer to several is a multipart message that is not stored.
        let lower = missing?.map(\.lowerBound).min() ?? first.lowerBound
        let upper = missing?.map(\.upperBound).max() ?? last.upperBound
        var plan = plainPlan(request, reason: reason)
        plan.stored = stored
        plan.missing = [lower..<upper]
        plan.fields.remove(FieldRules.conditions)
        plan.fields.set("range", "bytes=\(lower)-\(upper - 1)")
        plan.fields.set("if-range", tag.text)
        return plan
    }

    /// Whether others may wait for this request's answer: not for a part, unless whoever calls gives all the same part.
    private static func mayCollapse(_ request: CacheRequest) -> Bool {
        mayShare(request) && !request.fields.contains("range")
    }

    /// Whether the answer to a request may be for others who ask for the same bytes: nothing in it makes it one client's.
    public static func mayShare(_ request: CacheRequest) -> Bool {
        request.method == "GET" && !request.fields.contains("authorization") && !request.fields.contains("if-match")
            && !request.fields.contains("if-unmodified-since") && !RequestDirectives(request.fields).noStore
    }
}
