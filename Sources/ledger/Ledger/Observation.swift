public import Identity

/// What an observer measured of a node in an epoch.
public struct Observation: Hashable, Sendable {
    public let subject: NodeID
    /// Of ``probes``.
    public let probesAnswered: UInt32
    public let probes: UInt32
    /// The median round trip in microseconds.
    public let latencyMicroseconds: UInt32
    /// The median transfer rate in bytes a second.
    public let rate: UInt64
    /// Sampled blocks that were right.
    public let goodBlocks: UInt32
    /// Sampled blocks that were wrong.
    public let badBlocks: UInt32

    public init(
        subject: NodeID, probesAnswered: UInt32, probes: UInt32, latencyMicroseconds: UInt32, rate: UInt64,
        goodBlocks: UInt32, badBlocks: UInt32
    ) {
        self.subject = subject
        self.probesAnswered = probesAnswered
        self.probes = probes
        self.latencyMicroseconds = latencyMicroseconds
        self.rate = rate
        self.goodBlocks = goodBlocks
        self.badBlocks = badBlocks
    }
}
