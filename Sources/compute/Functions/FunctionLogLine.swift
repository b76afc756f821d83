public import Logging

/// A line that a function wrote to its console, or the stack of an exception that it did not catch.
public struct FunctionLogLine: Sendable {
    /// How loud the line is: debug, info, warning or error.
    public var level: Logger.Level
    /// The text, at most 64 KiB; it may have several lines.
    public var text: String
    /// ``FunctionCall/id`` of the request that wrote it; nil when the worker cannot tell, or after the reply.
    public var requestID: String?

    /// Describes a line.
    public init(level: Logger.Level, text: String, requestID: String?) {
        self.level = level
        self.text = text
        self.requestID = requestID
    }
}
