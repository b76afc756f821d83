public import Blake3
import Recordings

/// What came of a replay.
public struct ReplayReport: Hashable, Sendable {
    /// The first thing that the function did differently.
    public struct Difference: Hashable, Sendable, CustomStringConvertible {
        /// The call, counted from 0, if it was one.
        public var call: Int?
        /// What differs.
        public var message: String

        /// The call and what differs.
        public var description: String { call.map { "call \($0): \(message)" } ?? message }
    }

    /// The request's hash.
    public var inputHash: Digest
    /// The hash of clock, seed, calls and answers.
    public var transcriptHash: Digest
    /// The output's hash in the recording.
    public var recordedOutputHash: Digest
    /// The output's hash in the replay; nil if it did not come that far.
    public var outputHash: Digest?
    /// Nil: everything is equal.
    public var difference: Difference?
    /// Calls in the recording.
    public var callCount: Int
    /// Time that the replay took, its process included.
    public var duration: Duration

    init(_ recording: Recording, outputHash: Digest?, difference: Difference?, duration: Duration) {
        inputHash = recording.inputHash
        transcriptHash = recording.transcriptHash
        recordedOutputHash = recording.outputHash
        self.outputHash = outputHash
        self.difference = difference
        callCount = recording.calls.count
        self.duration = duration
    }

    /// The function did the same and gave the same output.
    public var isEqual: Bool { difference == nil && outputHash == recordedOutputHash }
}
