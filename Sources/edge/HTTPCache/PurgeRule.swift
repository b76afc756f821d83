/// A purge as a value: it can be kept, sent and applied again, and always means the same responses.
public struct PurgeRule: Sendable, Hashable {
    /// What is purged.
    public enum Scope: Sendable, Hashable {
        /// All variants of a URL, as `CacheKey.url` writes it.
        case url(String)
        /// All responses with this surrogate key; case matters.
        case key(String)
        /// All responses of a host, in lower case and without a port.
        case host(String)
    }

    /// What becomes of it.
    public enum Kind: UInt8, Sendable, Hashable {
        /// It is gone.
        case hard = 0
        /// It is stale: it may serve while it is validated, or when the origin fails.
        case soft = 1
    }

    /// What a rule says about one response.
    public enum Effect: Sendable, Hashable {
        /// Nothing.
        case none
        /// Drop it.
        case drop
        /// Keep it with this `invalidatedAt`, milliseconds since 1970.
        case markStale(at: Int64)
    }

    /// What is purged.
    public let scope: Scope
    /// What becomes of it.
    public let kind: Kind
    /// Milliseconds since 1970. It is about responses to requests that were sent until then, also those that arrive later.
    public let time: Int64

    /// Longest URL, key or host, in bytes.
    public static let maximumBytes = CacheKey.maximumBytes

    /// - Throws: `HTTPCacheError` for an empty or too long name, and for a time before 1970.
    public init(_ scope: Scope, kind: Kind, time: Int64) throws {
        let name =
            switch scope {
            case .url(let name), .key(let name), .host(let name): name
            }
        guard !name.isEmpty, name.utf8.count <= PurgeRule.maximumBytes else {
            throw HTTPCacheError("what is purged has a name of 1 to \(PurgeRule.maximumBytes) bytes")
        }
        guard (0...StoredResponse.maximumTime).contains(time) else {
            throw HTTPCacheError("a purge is not before 1970")
        }
        self.scope = scope
        self.kind = kind
        self.time = time
    }

    /// The rule for a URL as a person writes it.
    ///
    /// - Throws: As `init(_:kind:time:)` and `CacheKey.init(url:options:)`.
    public init(url: String, options: CacheKeyOptions = .init(), kind: Kind, time: Int64) throws {
        try self.init(.url(CacheKey(url: url, options: options).url), kind: kind, time: time)
    }

    /// What the rule says about a response. Applying it twice changes nothing more.
    public func effect(on stored: StoredResponse) -> Effect {
        let isMeant =
            switch scope {
            case .url(let url): stored.key.url == url
            case .key(let key): stored.surrogateKeys.contains(key)
            case .host(let host): stored.key.host == host
            }
        guard isMeant else { return .none }
        switch kind {
        case .hard: return stored.fetchTime <= time ? .drop : .none
        case .soft:
            guard stored.requestTime <= time, stored.invalidatedAt.map({ $0 > time }) ?? true else { return .none }
            return .markStale(at: time)
        }
    }
}
