/// A function's answer.
public struct FunctionReply: Sendable {
    /// HTTP status, 200 to 599.
    public var status: Int
    /// Header lines; names are in lower case and may repeat.
    public var headers: [(name: String, value: String)]
    /// The body. A stream that is not read to its end must be stopped, or dropped.
    public var body: FunctionBody

    /// Describes an answer.
    public init(status: Int, headers: [(name: String, value: String)], body: FunctionBody) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
