/// What a cache needs to know about a request.
public struct CacheRequest: Sendable, Equatable {
    /// As it was sent, for example `GET`; methods are case-sensitive.
    public var method: String
    /// `http` or `https`.
    public var scheme: String
    /// Host and, if it was sent, port.
    public var authority: String
    /// Starts with `/`; percent-encoded as it was sent.
    public var path: String
    /// Without the question mark; nil if there was none.
    public var query: String?
    /// The header section as it was received.
    public var fields: CacheFields

    /// A request as it arrived.
    public init(
        method: String = "GET", scheme: String = "https", authority: String, path: String, query: String? = nil,
        fields: CacheFields = [:]
    ) {
        self.method = method
        self.scheme = scheme
        self.authority = authority
        self.path = path
        self.query = query
        self.fields = fields
    }
}
