/// How a call ended, for the developer's log.
public struct FunctionOutcome: Sendable {
    /// The caller's name for the request.
    public var requestID: String
    /// The HTTP method.
    public var method: String
    /// The URL that was asked for.
    public var url: String
    /// The status of the answer; nil when there was none.
    public var status: Int?
    /// Why there was no answer.
    public var error: FunctionError?
    /// Time from the call to the answer's head, in nanoseconds.
    public var wallNanoseconds: UInt64
    /// CPU time of the function until then, in microseconds, without the engine's own threads; turns of up to 200 µs count
    /// with the time that passed, which is no less. Nil when it did not say.
    public var cpuMicroseconds: UInt32?
}
