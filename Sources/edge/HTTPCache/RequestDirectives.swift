/// What a client asks of caches (RFC 9111 sections 5.2.1 and 5.4, RFC 5861 section 4).
public struct RequestDirectives: Sendable, Equatable {
    /// How stale a response the client takes.
    public enum MaxStale: Sendable, Equatable {
        /// Any staleness.
        case any
        /// At most so many seconds.
        case seconds(Int64)
    }

    /// `no-cache`, or `Pragma: no-cache` without a `Cache-Control` field.
    public var noCache = false
    /// `no-store`
    public var noStore = false
    /// `no-transform`
    public var noTransform = false
    /// `only-if-cached`
    public var onlyIfCached = false
    /// Seconds; nil if there is none or if it is no number.
    public var maxAge: Int64?
    /// Seconds; nil if there is none or if it is no number.
    public var minFresh: Int64?
    /// Nil if the client takes nothing stale.
    public var maxStale: MaxStale?
    /// Seconds; nil if there is none or if it is no number.
    public var staleIfError: Int64?

    /// Reads the header section of a request. What is malformed counts as not sent.
    public init(_ fields: CacheFields) {
        guard let value = fields.combined("cache-control") else {
            noCache = fields.combined("pragma").map { CacheDirectives($0).has("no-cache") } ?? false
            return
        }
        let directives = CacheDirectives(value)
        noCache = directives.has("no-cache")
        noStore = directives.has("no-store")
        noTransform = directives.has("no-transform")
        onlyIfCached = directives.has("only-if-cached")
        maxAge = directives.seconds("max-age", invalid: nil)
        minFresh = directives.seconds("min-fresh", invalid: nil)
        staleIfError = directives.seconds("stale-if-error", invalid: nil)
        if let stale = directives.first("max-stale") {
            if stale.argument == nil {
                maxStale = .any
            } else {
                maxStale = directives.seconds("max-stale", invalid: nil).map { .seconds($0) }
            }
        }
    }
}
