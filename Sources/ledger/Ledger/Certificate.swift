public import Foundation

/// A checkpoint with the signatures of more than two thirds of a committee's weight.
public struct Certificate: Hashable, Sendable {
    /// The largest encoding in bytes.
    public static let maxByteCount = 65_536

    /// One member's signature.
    public struct Vote: Hashable, Sendable {
        /// Of the member in its committee.
        public let member: UInt32
        public let signature: Data

        public init(member: UInt32, signature: Data) {
            self.member = member
            self.signature = signature
        }
    }

    /// The checkpoint's bytes, which the signatures cover after a domain prefix.
    public let checkpointBytes: Data
    public let checkpoint: Checkpoint
    /// In ascending order of the members.
    public let votes: [Vote]
    /// The one encoding.
    public let bytes: Data
}
