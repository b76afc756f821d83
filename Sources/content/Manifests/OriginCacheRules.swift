/// What an app says about how long an origin's answers are kept. All times are in seconds.
public struct OriginCacheRules: Sendable, Hashable {
    /// The longest time: 10 years.
    public static let maxSeconds = 315_360_000
    /// Most patterns of ``ttls`` and of ``bypass``.
    public static let maxPatterns = 100
    /// Most parameters of ``Query/only(_:)``.
    public static let maxParameters = 64

    /// A time for some paths, whatever the origin says.
    public struct TTL: Sendable, Hashable {
        public var path: RoutePattern
        /// 0 to ``OriginCacheRules/maxSeconds``.
        public var seconds: Int

        public init(path: RoutePattern, seconds: Int) {
            self.path = path
            self.seconds = seconds
        }
    }

    /// Which part of a URL's query tells answers apart.
    public enum Query: Sendable, Hashable {
        /// All of it, byte for byte.
        case all
        /// Nothing: the query does not matter.
        case none
        /// Only these parameters, by name.
        case only(Set<String>)
    }

    /// Whether the origin's `Cache-Control` and its kin count. If not, ``defaultTTL`` holds for everything. Default yes.
    public var respectsOrigin = true
    /// Whether a visitor's `Cache-Control`, such as that of a reload, makes a node ask the origin. Default yes.
    public var respectsVisitors = true
    /// How long an answer is fresh about which the origin says nothing; nil for RFC 9111's heuristics.
    public var defaultTTL: Int?
    /// How long an answer 404, 405, 410, 414 or 501 is fresh about which the origin says nothing; nil for RFC 9111's
    /// heuristics, which need a `Last-Modified`.
    public var negativeTTL: Int?
    /// How long an answer may be served after its time while a new one is fetched (RFC 5861, section 3); nil for what
    /// the origin says.
    public var staleWhileRevalidate: Int?
    /// How long an answer may be served after its time if the origin fails (RFC 5861, section 4); nil for what the
    /// origin says.
    public var staleIfError: Int?
    /// The first pattern that holds the path counts, before everything that the origin says but `private`.
    public var ttls: [TTL] = []
    /// Paths that are never kept.
    public var bypass: [RoutePattern] = []
    /// Default all.
    public var query = Query.all

    /// Everything as the origin says.
    public init() {}

    /// Whether a path, without its query, is never kept.
    public func bypasses(_ path: String) -> Bool { bypass.contains { $0.matches(path) } }

    /// The time that the app wants for a path whatever the origin says; nil for none.
    public func forcedTTL(_ path: String) -> Int? { ttls.first { $0.path.matches(path) }?.seconds }

    /// The first thing that is wrong; nil if nothing is.
    var problem: String? {
        let times =
            [defaultTTL, negativeTTL, staleWhileRevalidate, staleIfError].compactMap { $0 }
            + ttls.map(\.seconds)
        if times.contains(where: { !(0...OriginCacheRules.maxSeconds).contains($0) }) {
            return "a time of the cache that is not 0 to \(OriginCacheRules.maxSeconds) seconds"
        }
        if !respectsOrigin, defaultTTL == nil { return "no default time, but overrides what the origin says" }
        guard ttls.count <= OriginCacheRules.maxPatterns, bypass.count <= OriginCacheRules.maxPatterns else {
            return "more than \(OriginCacheRules.maxPatterns) patterns of paths"
        }
        if case .only(let names) = query {
            if names.isEmpty || names.count > OriginCacheRules.maxParameters {
                return "not 1 to \(OriginCacheRules.maxParameters) parameters that count"
            }
            if names.contains(where: { !OriginCacheRules.isParameter($0) }) { return "a parameter that is misnamed" }
        }
        return nil
    }

    /// Whether a URL's query may have a parameter of this name: 1 to 64 bytes of visible ASCII but `&`, `=` and `#`.
    public static func isParameter(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"&=#".utf8.contains($0) }
    }
}
