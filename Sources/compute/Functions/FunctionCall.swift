public import NIOCore
public import Streams

/// One request for a function. A class, since it is handed on from room to room.
public final class FunctionCall: Sendable {
    /// Takes an interim answer (RFC 9110 section 15.2): its status and fields. Any thread.
    public typealias InterimListener = @Sendable (_ status: Int, _ fields: [(name: String, value: String)]) -> Void

    /// The caller's name for this request; console lines carry it. May be empty.
    public let id: String
    /// Its W3C trace context (`traceparent`), for requests that the function makes meanwhile.
    public let trace: String?
    /// The HTTP method, in capitals.
    public let method: String
    /// The absolute URL that the visitor asked for.
    public let url: String
    /// Header lines in the order of arrival.
    public let headers: [(name: String, value: String)]
    /// The body.
    public let body: FunctionBody
    /// Says that the caller waits no longer.
    public let cancellation: Cancellation?
    /// When the caller stops waiting. The pool's wall limit applies as well; the sooner one counts.
    public let deadline: NIODeadline?
    /// Hears of interim answers, which machines may give; nil where nobody takes them.
    public let interim: InterimListener?

    /// Describes a request.
    public init(
        id: String = "", trace: String? = nil, method: String, url: String,
        headers: [(name: String, value: String)] = [],
        body: FunctionBody = .empty, deadline: NIODeadline? = nil, cancellation: Cancellation? = nil,
        interim: InterimListener? = nil
    ) {
        self.id = id
        self.trace = trace
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.deadline = deadline
        self.interim = interim
        self.cancellation = cancellation
    }
}
