public import NIOCore

/// A request as a function sees it: complete, without anything that concerns only the connection.
public struct FunctionRequest: Sendable {
    /// In upper case.
    public let method: String
    /// Absolute: `http://host[:port]/path?query`, path and query exactly as they were sent.
    public let url: String
    /// Names in lower case, in the order of arrival; `x-forwarded-for` and `x-forwarded-proto` are the gateway's.
    public let headers: [(name: String, value: String)]
    /// The whole body, at most ``Gateway/Settings/maxFunctionBodyBytes``.
    public let body: ByteBuffer

    /// A request; nothing is checked.
    public init(method: String, url: String, headers: [(name: String, value: String)], body: ByteBuffer) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}
