/// The rules of a shared HTTP cache (RFC 9111) as functions of values: what may be stored, reused, must be validated.
///
/// Nothing here reads a clock or keeps anything. Times are milliseconds since 1970; whoever calls keeps the records and the
/// bytes and executes the decisions.
public struct CachePolicy: Sendable, Equatable {
    /// What an operator puts in the place of what the origin says about freshness.
    public enum Override: Sendable, Equatable {
        /// The origin decides (default).
        case none
        /// What may be stored is fresh for so many seconds, whatever `max-age`, `Expires` and `no-cache` say.
        case lifetime(seconds: Int64)
        /// As `lifetime`, and `no-store` is not obeyed either. `private`, `Authorization`, `Set-Cookie` and `Vary` are.
        case everything(seconds: Int64)

        var seconds: Int64? {
            switch self {
            case .none: nil
            case .lifetime(let seconds), .everything(let seconds): seconds
            }
        }
    }

    /// When a response with `Set-Cookie` is stored. RFC 9111 section 7.3 leaves it to the origin's `Cache-Control`; a
    /// cookie in a shared cache hands one client's session to all others, so nobody but the origin itself may want that.
    public enum SetCookie: Sendable, Equatable {
        /// Never.
        case never
        /// If the response says for how long it is fresh or that it is for all: `max-age`, `s-maxage`, `Expires`, `public` or a
        /// valid `CDN-Cache-Control` (default). Not by a heuristic or a setting.
        case whenExplicit
        /// As any other response.
        case asOtherFields
    }

    /// Names this cache in `Cache-Status`: a token.
    public var name = "Skerry"
    /// Percent of the time since `Last-Modified` for which a response without explicit freshness is fresh (RFC 9111 section
    /// 4.2.2); 0 turns that off.
    public var heuristicPercent: Int64 = 10
    /// Longest heuristic freshness in seconds: a day by default.
    public var maximumHeuristicSeconds: Int64 = 86_400
    /// Freshness in seconds of responses with neither explicit freshness nor `Last-Modified`, for statuses that allow
    /// heuristics; 0 by default.
    public var defaultSeconds: Int64 = 0
    /// Freshness in seconds by status, for responses without explicit freshness: negative caching, for example of 404. Such
    /// a status need not be heuristically cacheable. Empty by default.
    public var secondsByStatus: [Int: Int64] = [:]
    /// What an operator puts in the place of what the origin says.
    public var override = Override.none
    /// Seconds of `stale-while-revalidate` for responses that do not say; 0 by default.
    public var staleWhileRevalidateSeconds: Int64 = 0
    /// Seconds of `stale-if-error` for responses that do not say, when the origin answers 500, 502, 503 or 504; 0 by
    /// default.
    public var staleIfErrorSeconds: Int64 = 0
    /// Seconds for which a stale response serves while the origin cannot be reached (RFC 9111 section 4.2.4); a day by
    /// default. Never where the origin prohibits it.
    public var staleWhenUnreachableSeconds: Int64 = 86_400
    /// Whether an explicit `stale-while-revalidate` or `stale-if-error` holds beside `s-maxage`. By the letter it does not
    /// (RFC 9111 section 5.2.2.10), so that is the default.
    public var allowsStaleBesideSharedMaxAge = false
    /// Whether `Cache-Control` of requests can make the cache ask the origin; on by default. Off, a client cannot get past
    /// the cache; `only-if-cached` and `no-store` are obeyed in any case.
    public var obeysRequests = true
    /// When a response with `Set-Cookie` is stored.
    public var setCookie = SetCookie.whenExplicit
    /// Whether partial responses are stored and combined (RFC 9111 section 3.3); on by default.
    public var storesPartial = true
    /// Whether what is missing of a partly held response is asked for with `Range` and `If-Range`; off by default, since it is
    /// only for services that carry out `StoreDecision.combine` and answer from the result: what the origin sends then is not
    /// what the client asked for. Off, such requests go to the origin as they are.
    public var completesPartial = false
    /// Whether the origin is asked with the tags of other variants if the one that is wanted is missing, so that the same bytes
    /// need not come twice (RFC 9111 section 4.3.1); on by default.
    public var asksForVariants = true
    /// Longest body that is stored, in bytes, where its length is known before; 1 GiB by default.
    public var maximumBodyBytes: Int64 = 1_073_741_824
    /// Most bytes of fields that are stored with a response; 32 KiB by default.
    public var maximumFieldBytes = 32_768
    /// Whether `Surrogate-Key` and `Cache-Tag` stay in the cache; on by default.
    public var hidesSurrogateKeys = true
    /// Whether `Cache-Status` tells the key; off by default, since a key may tell more than the client knows.
    public var showsKey = false
    /// Fields that the origin sees otherwise than clients send them, by name in lower case: what varies by one of them is not
    /// stored, as if by everything. Empty by default.
    public var unkeyedFields: Set<String> = []
    /// What of the query is in the key.
    public var keyOptions = CacheKeyOptions()

    /// The rules of RFC 9111 with careful settings where it leaves a choice.
    public init() {}

    /// The key that a request reads and that its response is stored under.
    ///
    /// - Throws: `HTTPCacheError` for a URL that has no key: the request must be forwarded, and nothing stored.
    public func key(for request: CacheRequest) throws -> CacheKey { try CacheKey(request, options: keyOptions) }
}
