/// Does for functions what they cannot do themselves: everything beyond computing.
public protocol FunctionHost: Sendable {
    /// Answers one call. Runs in a task of its own, which is cancelled when nobody waits any more.
    ///
    /// - Throws: ``HostCallError``, which the function sees; anything else reaches it as `host/failed` without details.
    func answer(_ call: HostCall) async throws -> HostAnswer
}

/// What a function asks its node for.
public struct HostCall: Sendable {
    /// Whose code asks.
    public var version: FunctionVersion
    /// The request on whose behalf, as ``FunctionCall/id`` named it; empty for none.
    public var requestID: String
    /// That request's W3C trace context (`traceparent`), as ``FunctionCall/trace`` had it.
    public var trace: String?
    /// What is asked for, for example `fetch`.
    public var name: String
    /// The arguments as JSON, at most 1 MiB; nothing about them is checked.
    public var argument: String
    /// Bytes that go along.
    public var body: FunctionBody

    /// Describes a call.
    public init(
        version: FunctionVersion, requestID: String = "", trace: String? = nil, name: String, argument: String,
        body: FunctionBody = .empty
    ) {
        self.version = version
        self.requestID = requestID
        self.trace = trace
        self.name = name
        self.argument = argument
        self.body = body
    }
}

/// What a function gets for a call.
public struct HostAnswer: Sendable {
    /// The result as JSON, at most 1 MiB.
    public var value: String
    /// Bytes that go along.
    public var body: FunctionBody

    /// Describes an answer.
    public init(value: String = "{}", body: FunctionBody = .empty) {
        self.value = value
        self.body = body
    }
}

/// Why a call came to nothing. The function sees both.
public struct HostCallError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A stable name such as `fetch/refused`.
    public let code: String
    /// What was wrong and what to do; free of the node's paths and addresses. Cut to 32 KiB.
    public let message: String

    /// Makes an error.
    public init(_ code: String, _ message: String) {
        self.code = code
        self.message = FunctionError.bounded(message)
    }

    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}
