public import Identity

/// What was exchanged with one peer since the node started, as it stands at one moment.
public struct PeerAccount: Hashable, Sendable {
    /// The peer's id.
    public let node: NodeID
    /// Verified bytes of blocks that came from the peer, without further copies.
    public internal(set) var bytesReceived = 0
    /// The number of these blocks.
    public internal(set) var blocksReceived = 0
    /// Bytes of blocks that were answered to the peer; the last of them may not have left yet.
    public internal(set) var bytesSent = 0
    /// The number of these blocks.
    public internal(set) var blocksSent = 0
    /// Bytes of blocks that came although another provider's copy was here already.
    public internal(set) var duplicateBytes = 0
    /// How often the peer was given up as a provider: lost, silent, without the blob.
    public internal(set) var failures = 0
    /// Blocks and descriptions from the peer that were wrong.
    public internal(set) var badBlocks = 0
    /// Bytes a second, as last measured while fetching; nil before that.
    public internal(set) var rate: Double?
    /// From request to block: half of the last ones took at most this long; nil before there are enough.
    public internal(set) var latencyP50: Duration?
    /// 95% of the last ones took at most this long; nil before there are enough.
    public internal(set) var latencyP95: Duration?

    init(node: NodeID) { self.node = node }
}
