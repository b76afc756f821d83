/// One message between a node and a function worker.
///
/// On the wire a frame is a 32-bit length, a type byte and the fields in the order below. All integers are
/// little-endian; a text or a byte string is a 32-bit length and its bytes; text is UTF-8, and damaged UTF-8 is
/// repaired with U+FFFD rather than refused.
public enum Frame: Hashable, Sendable {
    /// Worker to node, first of all: protocol version and the sandbox layers that are active (`CSandbox` bits).
    case hello(version: UInt32, layers: UInt32)
    /// Node to worker, once: the script, its file name for stack traces, the CPU time that one request may use in
    /// milliseconds (0 for no limit in the engine) and the largest response body in bytes.
    case load(code: [UInt8], fileName: String, cpuLimitMilliseconds: UInt32, maxResponseBodyBytes: UInt32)
    /// Worker to node: the script ran and exports a handler.
    case loaded
    /// Worker to node: the script could not be used. The stack is for the developer only.
    case loadFailed(message: String, stack: String)
    /// Node to worker: answer this. Ids rise within one worker and are never 0.
    case request(id: UInt64, head: RequestHead, body: [UInt8])
    /// Worker to node: the answer to a request.
    case response(id: UInt64, status: UInt16, headers: [HeaderField], body: [UInt8])
    /// Worker to node: there is no answer. The message holds no stack.
    case failure(id: UInt64, code: FailureCode, message: String)
    /// Worker to node: a console line; id 0 when no request was running.
    case log(id: UInt64, level: LogLevel, line: String)
    /// Node to worker: nobody waits for this request. The worker answers with a ``FailureCode/cancelled`` failure.
    case cancel(id: UInt64)
}
