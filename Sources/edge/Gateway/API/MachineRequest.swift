public import Streams

/// A request as a machine gets it, without anything that concerns only the client's connection.
public struct MachineRequest: Sendable {
    /// Takes an interim answer (RFC 9110 section 15.2): a status of 102 to 199, and fields with names in lower case. Any
    /// thread; what comes after the answer is dropped.
    public typealias InterimListener = @Sendable (_ status: Int, _ fields: [(name: String, value: String)]) -> Void

    /// Names the request in logs, and in the answer to a failure: 16 hexadecimal digits.
    public let id: String
    /// Its W3C trace context, which `headers` hold too.
    public let trace: String
    /// In upper case.
    public let method: String
    /// Path and query as they were sent, without what the release strips: percent-encoded, begins with a slash.
    public let target: String
    /// Names in lower case, values checked: `host` as the client named it, `x-forwarded-for`, `x-forwarded-proto` and
    /// `traceparent` of the gateway; nothing about the body's framing.
    public let headers: [(name: String, value: String)]
    /// The body's length; nil while it is not known.
    public let bodyBytes: Int?
    /// The body. Whoever gets a stream stops it when it wants no more.
    public let body: FunctionRequest.Body
    /// The protocol that the client wants to change to, as it names it; nil for none.
    public let upgrade: String?
    /// Comes when nobody waits for the answer any more.
    public let cancellation: Cancellation
    /// Passes interim answers on; nil where nobody takes them.
    public let interim: InterimListener?

    /// A request; nothing is checked.
    public init(
        id: String = "", trace: String = "", method: String, target: String, headers: [(name: String, value: String)],
        bodyBytes: Int? = nil, body: FunctionRequest.Body, upgrade: String? = nil,
        cancellation: Cancellation = Cancellation(), interim: InterimListener? = nil
    ) {
        self.id = id
        self.trace = trace
        self.method = method
        self.target = target
        self.headers = headers
        self.bodyBytes = bodyBytes
        self.body = body
        self.upgrade = upgrade
        self.cancellation = cancellation
        self.interim = interim
    }
}
