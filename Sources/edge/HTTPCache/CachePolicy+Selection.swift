extension CachePolicy {
    /// What a stored response has for a request.
    enum Selection: Equatable {
        case answer(ServePlan.Answer)
        /// What is missing, in ascending order; nil if that is not known without the origin.
        case missing([Range<Int64>]?)
    }

    /// What of a stored response answers a request by its own conditions and ranges (RFC 9110 sections 13.2.2 and 14.2, RFC
    /// 9111 section 4.3.2).
    static func selection(of stored: StoredResponse, for request: CacheRequest) -> Selection {
        // Without success there are no conditions to look at (RFC 9110 section 13.2.1).
        if (200...299).contains(stored.status), isNotModified(stored, for: request.fields) {
            return .answer(.notModified)
        }
        guard request.method == "GET" else { return .answer(.whole) }
        if stored.status == 200, let value = request.fields.combined("range"), let wanted = ByteRangeRequest(value),
            rangeApplies(to: stored, request.fields)
        {
            if let ranges = wanted.ranges(total: stored.body.totalBytes) {
                guard !ranges.isEmpty else { return .answer(.unsatisfiable) }
                let missing = ranges.flatMap { stored.body.held.missing(in: $0) }
                return missing.isEmpty ? .answer(.partial(ranges)) : .missing(missing)
            }
            if stored.body.totalBytes == nil { return .missing(nil) }
        }
        if stored.body.isWhole { return .answer(.whole) }
        guard let total = stored.body.totalBytes else { return .missing(nil) }
        return .missing(stored.body.held.missing(in: 0..<total))
    }

    /// `If-None-Match`, and only without it `If-Modified-Since` (RFC 9110 section 13.2.2).
    private static func isNotModified(_ stored: StoredResponse, for fields: CacheFields) -> Bool {
        if let value = fields.combined("if-none-match") {
            if FieldText.trimmed(value) == "*" { return true }
            guard let tag = stored.tag else { return false }
            return EntityTag.list(value).contains { $0.matchesWeakly(tag) }
        }
        guard let value = fields.first("if-modified-since"), fields.all("if-modified-since").count == 1,
            let since = CacheDate.seconds(value, now: stored.responseTime)
        else { return false }
        return (stored.lastModified ?? stored.date) <= since
    }

    /// Whether a request's `Range` is to be followed for a stored response, by its `If-Range` (RFC 9110 section 13.1.5):
    /// strong comparison, also of dates. True without `If-Range`.
    public static func rangeApplies(to stored: StoredResponse, _ fields: CacheFields) -> Bool {
        guard let value = fields.first("if-range") else { return true }
        if let tag = EntityTag(value) { return stored.tag?.matchesStrongly(tag) ?? false }
        guard let date = CacheDate.seconds(value, now: stored.responseTime), let modified = stored.lastModified else {
            return false
        }
        // A date is a strong validator only if the response was made later (RFC 9110 section 8.8.2.2).
        return date == modified && stored.date > modified
    }
}
