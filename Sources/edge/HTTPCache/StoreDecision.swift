/// What to do with a response of the origin.
public enum StoreDecision: Sendable, Equatable {
    /// Why a response is not stored. It goes to the client all the same.
    public enum PassReason: String, Sendable {
        /// The method's responses are not stored.
        case method
        /// The URL has no key.
        case url
        /// 304 for the client, 1xx, a status that is never stored or is about this request's fields alone, or a partial
        /// response that cannot be kept.
        case status
        /// `no-store` of the request.
        case requestNoStore = "request-no-store"
        /// `no-store` of the response.
        case noStore = "no-store"
        /// `private`
        case isPrivate = "private"
        /// The request has `Authorization`, and the response does not allow it (RFC 9111 section 3.5).
        case authorization
        /// `Set-Cookie`, and the origin does not say for how long or for whom the response is good.
        case setCookie = "set-cookie"
        /// `Vary: *`, or by a field that is not keyed
        case vary
        /// Neither explicit freshness nor a status that may do without.
        case notCacheable = "not-cacheable"
        /// It would never be used: stale from the start, with nothing to validate it by.
        case useless
        /// The body or the fields are too long.
        case size
    }

    /// Keep this record with the body, once the body is there (`StoredResponse.receiving`), in the place of the variant
    /// that has the same `variantText`. If the request was for a range, `body.held` says which bytes are coming.
    case store(StoredResponse)
    /// The body is one more part of the plan's record: keep this record, whose `body.held` counts the part, once the bytes
    /// of the range are there; the client's answer is then `CachePolicy.answer`.
    case combine(StoredResponse, part: Range<Int64>)
    /// No body: keep these records in the place of those with the same variants. The first answers the client
    /// (`CachePolicy.answer`). It may be a new variant that names the same bytes as another.
    case update([StoredResponse])
    /// The response to HEAD shows that the stored one is outdated: keep this record, which is stale now, and pass the
    /// response on.
    case outdated(StoredResponse)
    /// A 304 that fits nothing that is stored: it must not be used; ask again with `CachePolicy.unconditional`.
    case retry
    /// Do not store it.
    case pass(PassReason)
}
