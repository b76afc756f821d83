/// What a function sees of a request before its body.
public struct RequestHead: Hashable, Sendable {
    /// The HTTP method, in capitals.
    public var method: String
    /// The absolute URL that the visitor asked for.
    public var url: String
    /// Header lines in the order of arrival; names may repeat.
    public var headers: [HeaderField]

    /// Describes one request.
    public init(method: String, url: String, headers: [HeaderField]) {
        self.method = method
        self.url = url
        self.headers = headers
    }
}
