public import NIOCore
public import Streams

/// A request as a function sees it, without anything that concerns only the connection.
public final class FunctionRequest: Sendable {
    /// The body of a request or an answer.
    public enum Body: Sendable {
        /// All of it; may be empty.
        case bytes(ByteBuffer)
        /// On its way. Whoever gets it stops it when it wants no more.
        case stream(ByteStream)
    }

    /// Names the request in logs, and in the answer to a failure: 16 hexadecimal digits.
    public let id: String
    /// Its W3C trace context, which `headers` hold too.
    public let trace: String
    /// In upper case.
    public let method: String
    /// Absolute: `http://host[:port]/path?query`, with `https` over TLS; path and query exactly as they were sent.
    public let url: String
    /// Names in lower case, in the order of arrival; `x-forwarded-for` and `x-forwarded-proto` are the gateway's.
    public let headers: [(name: String, value: String)]
    /// At most ``Gateway/Settings/maxFunctionBodyBytes``; a stream fails beyond that.
    public let body: Body
    /// The protocol that the client wants to change to, as it names it: the answer may then be a
    /// ``FunctionResponse/tunnel``. Nil for none.
    public let upgrade: String?
    /// Comes when the client went away before there was an answer.
    public let cancellation: Cancellation

    /// A request; nothing is checked.
    public init(
        id: String = "", trace: String = "", method: String, url: String, headers: [(name: String, value: String)],
        body: Body, upgrade: String? = nil,
        cancellation: Cancellation = Cancellation()
    ) {
        self.id = id
        self.upgrade = upgrade
        self.trace = trace
        self.cancellation = cancellation
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}
