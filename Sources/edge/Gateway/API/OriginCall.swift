public import Streams

/// A request for an origin's content. Copies nothing of what the client sent.
public struct OriginCall: Sendable {
    /// The request line and header section as they were received.
    public let head: HTTPRequestHead
    /// The path that the origin sees: percent-encoded, begins with a slash.
    public let path: String
    /// The client's address as text, without a port.
    public let client: String
    /// Whether the client's connection is encrypted.
    public let isSecure: Bool
    /// Comes when nobody waits for the answer any more.
    public let cancellation: Cancellation
    /// Passes an interim answer of the origin on (RFC 9110 section 15.2): a status of 102 to 199, and fields with names in
    /// lower case and checked values. Any thread; what comes behind the answer goes nowhere. Nil for a client that knows none.
    public var interim: (@Sendable (_ status: Int, _ fields: [(name: String, value: String)]) -> Void)?

    /// A request; nothing is checked. Without `path`, it is the one that the client asked for.
    public init(head: HTTPRequestHead, path: String? = nil, client: String, isSecure: Bool, cancellation: Cancellation)
    {
        self.head = head
        self.path = path ?? head.path
        self.client = client
        self.isSecure = isSecure
        self.cancellation = cancellation
    }

    /// The fields that an origin gets: without those that concern only the client's connection (RFC 9110 section
    /// 7.6.1) and what clients say of themselves, and with a `traceparent`. Names in lower case.
    public var forwarded: [(name: String, value: String)] {
        FunctionFields.passed(head) + [("traceparent", TraceContext(parent: head.fields.first("traceparent")).header)]
    }
}
