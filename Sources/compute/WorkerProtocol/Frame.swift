/// One message between a node and a function worker.
///
/// On the wire a frame is a 32-bit length, a type byte and the fields in the order below. All integers are
/// little-endian; a text or a byte string is a 32-bit length and its bytes; text is UTF-8, and damaged UTF-8 is
/// repaired with U+FFFD rather than refused.
public enum Frame: Hashable, Sendable {
    /// Worker to node, first of all: protocol version and the sandbox layers that are active (`CSandbox` bits).
    case hello(version: UInt32, layers: UInt32)
    /// Node to worker, once: the script and what it runs with.
    case load(LoadOrder)
    /// Worker to node: the script ran and exports a handler; whether there is one for schedules too.
    case loaded(takesSchedules: Bool)
    /// Worker to node: the script could not be used. The stack is for the developer only.
    case loadFailed(message: String, stack: String)
    /// Node to worker: answer this. Ids rise within one worker, are even and never 0. The body's first part; more
    /// follows as ``data(id:bytes:)`` if it continues.
    case request(id: UInt64, head: RequestHead, body: [UInt8], continues: Bool)
    /// Worker to node: the answer to a request, with its body's first part, and the microseconds of CPU time that the
    /// request has used so far.
    case response(
        id: UInt64, status: UInt16, headers: [HeaderField], body: [UInt8], continues: Bool, cpuMicroseconds: UInt32)
    /// Worker to node: there is no answer. The message holds no stack.
    case failure(id: UInt64, code: FailureCode, message: String)
    /// Worker to node: a console line; id 0 when no request was running.
    case log(id: UInt64, level: LogLevel, line: String)
    /// Node to worker: nobody waits for this request. The worker answers with a ``FailureCode/cancelled`` failure,
    /// or ends the body that it was sending.
    case cancel(id: UInt64)
    /// Worker to node: do this for me. Ids rise within one worker and are odd.
    case call(id: UInt64, HostCallOrder, body: [UInt8], continues: Bool)
    /// Node to worker: the result of a call as JSON, with its body's first part.
    case result(id: UInt64, value: String, body: [UInt8], continues: Bool)
    /// Node to worker: the call came to nothing.
    case callFailed(id: UInt64, code: String, message: String)
    /// Either way: the next part of the body that goes with `id` in this direction. At most
    /// ``WireLimits/bodyWindow`` bytes, and what ``credit(id:bytes:)`` added, may be on their way.
    case data(id: UInt64, bytes: [UInt8])
    /// Either way: the body is complete.
    case end(id: UInt64)
    /// Either way: the rest of the body cannot be had.
    case broken(id: UInt64, message: String)
    /// Either way, from the receiver of a body: so many more bytes may come.
    case credit(id: UInt64, bytes: UInt32)
    /// Either way, from the receiver of a body: send no more of it.
    case stop(id: UInt64)
    /// Node to worker, before the code: clock, timers and randomness come from the node from now on, so that the same
    /// frames lead to the same answers. The time in milliseconds since 1970 at which the clock begins, and a seed of
    /// ``WireLimits/seedBytes``.
    case drive(startMilliseconds: UInt64, seed: [UInt8])
    /// Node to a driven worker: the clock shows so many nanoseconds since its start, and what is due then fires.
    case turn(time: UInt64)
    /// Driven worker to node, after each ``turn(time:)``: nothing happens by itself before `due`, in nanoseconds of the
    /// driven clock (`UInt64.max`: ever); `isOver` once no request has anything left to do.
    case idle(due: UInt64, isOver: Bool)
}
