public import Identity

/// One member as this node sees it.
public struct Member: Sendable, Hashable {
    /// The member's node id, as on the ledger.
    public let id: NodeID
    /// What this node believes of it.
    public let state: MemberState
    /// Rises each time that the member starts, refutes a suspicion or leaves; 0 until it has proven one.
    public let incarnation: UInt64
    /// How long ago the state was entered.
    public let since: Duration
    /// Where the member said that it is in the latency space; nil until it answered a probe.
    public let coordinate: Coordinate?
    /// The smoothed time of the probes that it answered directly; nil until it answered one.
    public let roundTrip: Duration?
    /// Whether the member says that it has no room for all that it is to keep.
    public let isFull: Bool
}
