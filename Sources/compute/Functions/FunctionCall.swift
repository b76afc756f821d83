public import NIOCore
public import Streams

/// One request for a function.
public struct FunctionCall: Sendable {
    /// The caller's name for this request; console lines carry it. May be empty.
    public var id: String
    /// Its W3C trace context (`traceparent`), for requests that the function makes meanwhile.
    public var trace: String?
    /// The HTTP method, in capitals.
    public var method: String
    /// The absolute URL that the visitor asked for.
    public var url: String
    /// Header lines in the order of arrival.
    public var headers: [(name: String, value: String)]
    /// The body.
    public var body: FunctionBody
    /// Says that the caller waits no longer.
    public var cancellation: Cancellation?
    /// When the caller stops waiting. The pool's wall limit applies as well; the sooner one counts.
    public var deadline: NIODeadline?

    /// Describes a request.
    public init(
        id: String = "", trace: String? = nil, method: String, url: String,
        headers: [(name: String, value: String)] = [],
        body: FunctionBody = .empty, deadline: NIODeadline? = nil, cancellation: Cancellation? = nil
    ) {
        self.id = id
        self.trace = trace
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.deadline = deadline
        self.cancellation = cancellation
    }
}
