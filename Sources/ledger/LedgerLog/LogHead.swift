public import Blake3

/// Where a log ends.
public struct LogHead: Sendable, Hashable {
    /// The last entry's sequence; 0 for an empty log.
    public let sequence: UInt64
    /// The last entry's hash; the network id for an empty log.
    public let hash: Digest

    public init(sequence: UInt64, hash: Digest) {
        self.sequence = sequence
        self.hash = hash
    }
}
