/// One member of the `Cache-Status` field (RFC 9211), which says how this cache handled a request.
public struct CacheStatus: Sendable, Equatable {
    /// Names the cache.
    public var cache: String
    /// Whether the response came from the cache without the origin. Then `forward` is not written.
    public var isHit = false
    /// Why the request went to the origin.
    public var forward: ForwardPlan.Reason?
    /// What the origin answered.
    public var forwardStatus: Int?
    /// Seconds for which the response is fresh still; negative if it is stale.
    public var ttlSeconds: Int64?
    /// Whether the response was stored.
    public var isStored = false
    /// Whether the request waited for another's response.
    public var isCollapsed = false
    /// The key, if it is to be shown.
    public var key: String?
    /// More in the words of this cache, for example why nothing was stored.
    public var detail: String?

    /// - Parameter cache: Names the cache: a token.
    public init(cache: String) { self.cache = cache }

    /// One member of the list: to be added after those that are there (RFC 9211 section 2).
    public var text: String {
        var text = FieldText.isToken(cache) ? cache : CacheStatus.quoted(cache)
        if isHit {
            text += "; hit"
        } else if let forward {
            text += "; fwd=\(forward.rawValue)"
            if let forwardStatus { text += "; fwd-status=\(forwardStatus)" }
        }
        if let ttlSeconds { text += "; ttl=\(ttlSeconds)" }
        if !isHit, isStored { text += "; stored" }
        if !isHit, isCollapsed { text += "; collapsed" }
        if let key { text += "; key=\(CacheStatus.quoted(key))" }
        if let detail { text += "; detail=\(FieldText.isToken(detail) ? detail : CacheStatus.quoted(detail))" }
        return text
    }

    /// A string of structured fields; what may not be in one is written as `?`.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars.prefix(2_048) {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case " "..."~": result.unicodeScalars.append(scalar)
            default: result += "?"
            }
        }
        return result + "\""
    }
}
