/// The primary key of a stored response (RFC 9111 section 2): method and target URI. Variants of a key differ in their
/// `VaryField`s.
public struct CacheKey: Sendable, Hashable, CustomStringConvertible {
    /// The only method whose responses are stored; HEAD is answered by GET's.
    public static let method = "GET"
    /// Longest text of a key, in bytes.
    public static let maximumBytes = 16_384

    /// `http` or `https`.
    public let scheme: String
    /// In lower case, without the scheme's usual port and without a dot at its end.
    public let authority: String
    /// Starts with `/`; dot segments are resolved, percent-encodings have upper-case digits, unreserved characters are
    /// not encoded (RFC 3986 section 6.2.2).
    public let path: String
    /// What `CacheKeyOptions` leaves of the query, without the question mark; nil if nothing.
    public let query: String?

    /// Canonical text, for example `GET https://example.org/a?b=1`: equal keys have equal texts.
    public var text: String { "\(CacheKey.method) \(url)" }
    /// The URL as it is in the key.
    public var url: String { "\(scheme)://\(authority)\(path)\(query.map { "?\($0)" } ?? "")" }
    /// The authority without a port, as purges of a host name it.
    public var host: String { CacheURL.host(authority) }
    /// For logs.
    public var description: String { text }

    /// The key of a URL.
    ///
    /// - Throws: `HTTPCacheError` for another scheme than http and https, an empty authority, a path without `/` or one that
    ///   servers may take for another, control characters or spaces, and above `maximumBytes`.
    public init(
        scheme: String, authority: String, path: String, query: String? = nil, options: CacheKeyOptions = .init()
    ) throws {
        let scheme = scheme.lowercased()
        guard scheme == "http" || scheme == "https" else {
            throw HTTPCacheError("the scheme \"\(scheme.prefix(20))\" is neither http nor https")
        }
        let authority = CacheURL.normalised(authority: authority, scheme: scheme)
        let path = path.isEmpty ? "/" : CacheURL.encoded(path)
        let query = query.map(CacheURL.encoded)
        // What is not the same when it is read again, like two dots at the end, is no name of a host.
        let port = authority.dropFirst(CacheURL.host(authority).count)
        guard !authority.isEmpty, CacheURL.normalised(authority: authority, scheme: scheme) == authority,
            port.isEmpty || (port.hasPrefix(":") && FieldText.deltaSeconds(port.dropFirst()) != nil)
        else {
            throw HTTPCacheError("the URL has no host, or a port that is no number")
        }
        guard path.hasPrefix("/") else { throw HTTPCacheError("the path does not start with /") }
        guard authority.utf8.count + path.utf8.count + (query?.utf8.count ?? 0) <= CacheKey.maximumBytes - 16 else {
            throw HTTPCacheError("the URL is longer than \(CacheKey.maximumBytes - 16) bytes")
        }
        let isClean = [authority, path, query ?? ""].allSatisfy { $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }
        guard isClean, !authority.contains(where: { "/?#@".contains($0) }),
            !path.contains(where: { "?#".contains($0) }), query?.contains("#") != true
        else {
            throw HTTPCacheError("the URL holds a character that may not be there")
        }
        guard let normal = CacheURL.normalised(path: path) else {
            throw HTTPCacheError("servers may take the path for another one")
        }
        self.scheme = scheme
        self.authority = authority
        self.path = normal
        self.query = options.kept(query)
    }

    /// The key under which responses to GET and HEAD for this URL are stored, and that an unsafe method invalidates.
    ///
    /// - Throws: As `init(scheme:authority:path:query:options:)`.
    public init(_ request: CacheRequest, options: CacheKeyOptions = .init()) throws {
        try self.init(
            scheme: request.scheme, authority: request.authority, path: request.path, query: request.query,
            options: options)
    }

    /// The key of an absolute URL, as purges name it. A fragment is dropped.
    ///
    /// - Throws: `HTTPCacheError` if it is not an absolute http or https URL.
    public init(url: String, options: CacheKeyOptions = .init()) throws {
        guard let parts = CacheURL.absolute(url) else {
            throw HTTPCacheError("\"\(url.prefix(200))\" is not an absolute http or https URL")
        }
        try self.init(
            scheme: parts.scheme, authority: parts.authority, path: parts.path, query: parts.query, options: options)
    }
}
