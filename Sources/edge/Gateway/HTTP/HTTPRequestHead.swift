/// The request line and header section of one valid request.
///
/// A class, since it is handed from one to the other many times for each request.
public final class HTTPRequestHead: Sendable {
    /// How the body is framed.
    public enum Body: Hashable, Sendable {
        /// There is none.
        case none
        /// `Content-Length`: this many bytes, more than zero.
        case length(Int)
        /// `Transfer-Encoding: chunked`.
        case chunked
    }

    /// What is asked for.
    public let method: HTTPMethod
    /// Begins with `/`, or is `*` for OPTIONS. As sent: percent-encoding is untouched.
    public let path: String
    /// What follows the first `?`, as sent; nil when there is none.
    public let query: String?
    /// Where the request goes: the absolute target's authority, else the `Host` field's. Nil only in HTTP/1.0.
    public let authority: HTTPAuthority?
    /// 0 or 1.
    public let minorVersion: Int
    /// The header section.
    public let fields: HTTPFields
    /// How the body is framed.
    public let body: Body
    /// Whether the client wants to use the connection again (RFC 9112 section 9.3).
    public let keepsAlive: Bool
    /// Whether the client waits for `100 Continue` before it sends the body. Always false without a body.
    public let expectsContinue: Bool

    init(
        method: HTTPMethod, path: String, query: String?, authority: HTTPAuthority?, minorVersion: Int,
        fields: HTTPFields, body: Body, keepsAlive: Bool, expectsContinue: Bool
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.authority = authority
        self.minorVersion = minorVersion
        self.fields = fields
        self.body = body
        self.keepsAlive = keepsAlive
        self.expectsContinue = expectsContinue
    }

    /// Protocols that carry requests themselves: in a tunnel they would pass everything here that looks at requests.
    private static let carriers: Set<String> = ["h2", "h2c", "http", "tls"]

    /// The protocol that the client wants to change to (RFC 9110 section 7.8), as it names it; nil for none, and for
    /// those that carry requests: such a wish is not heard. An extended CONNECT of HTTP/2 (RFC 8441) has the form of one
    /// in HTTP/1.1.
    var upgrade: String? {
        guard minorVersion == 1, fields.known.contains(.connection), body == .none,
            HTTPCharacters.list(fields.combined("connection") ?? "").contains(where: { $0.lowercased() == "upgrade" }),
            let value = fields.combined("upgrade")
        else { return nil }
        let names = HTTPCharacters.list(value).map { HTTPCharacters.lowercased(String($0.prefix { $0 != "/" })) }
        return names.isEmpty || names.contains(where: HTTPRequestHead.carriers.contains) ? nil : value
    }

    /// How often an OPTIONS may still be passed on (RFC 9110 section 7.6.2); nil for other methods, and for any number.
    var forwardsLeft: Int? {
        method == .options ? fields.first("max-forwards").flatMap { HTTPCharacters.decimal($0) } : nil
    }

    /// Whether a browser asks for a page (Fetch Metadata Request Headers), so that it can use links before the page.
    var wantsEarlyHints: Bool {
        method == .get && minorVersion >= 1 && fields.first("sec-fetch-mode") == "navigate"
    }
}
