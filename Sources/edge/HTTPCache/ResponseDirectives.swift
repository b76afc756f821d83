/// What an origin tells a shared cache: `CDN-Cache-Control` if it is valid (RFC 9213), else `Cache-Control` (RFC 9111
/// section 5.2.2).
public struct ResponseDirectives: Sendable, Equatable {
    /// Where the directives come from.
    public enum Source: Sendable, Equatable {
        /// Neither field is there.
        case none
        /// `Cache-Control`
        case cacheControl
        /// `CDN-Cache-Control`: then `Cache-Control` and `Expires` mean nothing to this cache (RFC 9213 section 2.2).
        case targeted
    }

    /// Where the directives come from.
    public var source = Source.none
    /// Seconds; 0 for what is no number, so that such a response is stale (RFC 9111 section 4.2.1).
    public var maxAge: Int64?
    /// Seconds; 0 for what is no number.
    public var sharedMaxAge: Int64?
    /// Seconds (RFC 5861 section 3); nil for what is no number.
    public var staleWhileRevalidate: Int64?
    /// Seconds (RFC 5861 section 4); nil for what is no number.
    public var staleIfError: Int64?
    /// `no-cache` for the whole response.
    public var noCache = false
    /// Fields that `no-cache="…"` names, in lower case.
    public var noCacheFields: Set<String> = []
    /// `private` for the whole response.
    public var isPrivate = false
    /// Fields that `private="…"` names, in lower case.
    public var privateFields: Set<String> = []
    /// `no-store`
    public var noStore = false
    /// `public`
    public var isPublic = false
    /// `must-revalidate`
    public var mustRevalidate = false
    /// `proxy-revalidate`
    public var proxyRevalidate = false
    /// `must-understand`
    public var mustUnderstand = false
    /// `no-transform`
    public var noTransform = false
    /// `immutable` (RFC 8246)
    public var isImmutable = false

    /// Reads the header section of a response.
    public init(_ fields: CacheFields) {
        if let value = fields.combined("cdn-cache-control"), let members = StructuredDictionary(value)?.members,
            !members.isEmpty
        {
            source = .targeted
            read(members)
        } else if let value = fields.combined("cache-control") {
            source = .cacheControl
            read(CacheDirectives(value))
        }
    }

    /// Whether a stale response may never be used without success at the origin (RFC 9111 section 4.2.4); `s-maxage` says
    /// so too (section 5.2.2.10).
    public var prohibitsStale: Bool { mustRevalidate || proxyRevalidate || sharedMaxAge != nil || noCache }

    private mutating func read(_ directives: CacheDirectives) {
        maxAge = directives.seconds("max-age", invalid: 0)
        sharedMaxAge = directives.seconds("s-maxage", invalid: 0)
        staleWhileRevalidate = directives.seconds("stale-while-revalidate", invalid: nil)
        staleIfError = directives.seconds("stale-if-error", invalid: nil)
        (noCache, noCacheFields) = directives.scope("no-cache")
        (isPrivate, privateFields) = directives.scope("private")
        readFlags { directives.has($0) }
    }

    private mutating func read(_ members: [String: StructuredDictionary.Value]) {
        func seconds(_ name: String, invalid: Int64?) -> Int64? {
            guard let value = members[name] else { return nil }
            guard case .integer(let seconds) = value, seconds >= 0 else { return invalid }
            return min(seconds, FieldText.maximumSeconds)
        }
        func scope(_ name: String) -> (Bool, Set<String>) {
            switch members[name] {
            case nil, .boolean(false): (false, [])
            case .string(let text): CacheDirectives("\(name)=\"\(text)\"").scope(name)
            case .some: (true, [])
            }
        }
        maxAge = seconds("max-age", invalid: 0)
        sharedMaxAge = seconds("s-maxage", invalid: 0)
        staleWhileRevalidate = seconds("stale-while-revalidate", invalid: nil)
        staleIfError = seconds("stale-if-error", invalid: nil)
        (noCache, noCacheFields) = scope("no-cache")
        (isPrivate, privateFields) = scope("private")
        readFlags { members[$0] != nil && members[$0] != .boolean(false) }
    }

    private mutating func readFlags(_ has: (String) -> Bool) {
        noStore = has("no-store")
        isPublic = has("public")
        mustRevalidate = has("must-revalidate")
        proxyRevalidate = has("proxy-revalidate")
        mustUnderstand = has("must-understand")
        noTransform = has("no-transform")
        isImmutable = has("immutable")
    }
}
