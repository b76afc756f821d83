/// The argument of `fetch`.
struct FetchArgument: Decodable, Sendable {
    /// Absolute, `http` or `https`.
    var url: String
    /// Default GET.
    var method: String?
    /// Pairs of name and value.
    var headers: [[String]]?
    /// Default "follow".
    var redirect: FetchHop.Redirect?
    /// Whether the call's body is the request's. Default: if it has bytes.
    var hasBody: Bool?
}

/// The value of `fetch`.
struct FetchValue: Encodable, Sendable {
    /// The last URL, without fragment.
    var url: String
    /// Whether redirects led there.
    var redirected: Bool
    var status: Int
    var statusText: String
    /// Pairs of name, in lower case, and value.
    var headers: [[String]]
}
