/// Something that the node told a function, and when.
public struct RecordedEvent: Hashable, Sendable {
    /// What was told. Calls are named by their places in ``Recording/calls``.
    public enum Kind: Hashable, Sendable {
        /// The request of ``Recording/input``; exactly once.
        case request
        /// The time, and that timers may fire.
        case turn
        /// The result of a call as JSON, with its body or the first part of it.
        case result(call: UInt32, value: String, body: [UInt8], continues: Bool)
        /// The call came to nothing.
        case failed(call: UInt32, code: String, message: String)
        /// The next part of a result's body.
        case data(call: UInt32, bytes: [UInt8])
        /// A result's body is complete.
        case end(call: UInt32)
        /// The rest of a result's body cannot be had.
        case broken(call: UInt32, message: String)
        /// The node wants no more of the body that goes with a call.
        case stop(call: UInt32)
    }

    /// Nanoseconds since ``Recording/startMilliseconds``; never less than that of the event before.
    public var time: UInt64
    /// What was told.
    public var kind: Kind

    /// Describes an event.
    public init(time: UInt64, kind: Kind) {
        self.time = time
        self.kind = kind
    }

    /// The call that the event is about.
    public var call: Int? {
        switch kind {
        case .request, .turn: nil
        case .result(let call, _, _, _), .failed(let call, _, _), .data(let call, _), .end(let call),
            .broken(let call, _), .stop(let call):
            Int(call)
        }
    }

    /// Bytes of values and bodies, for ``RecordingLimits/maxTranscriptBytes``.
    public var byteCount: Int {
        switch kind {
        case .request, .turn, .end, .stop: 0
        case .result(_, let value, let body, _): value.utf8.count + body.count
        case .failed(_, let code, let message): code.utf8.count + message.utf8.count
        case .data(_, let bytes): bytes.count
        case .broken(_, let message): message.utf8.count
        }
    }
}
