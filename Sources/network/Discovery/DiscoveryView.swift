public import Identity

/// What this node knows of the others: the ledger's list and what membership says of it. Asked often, and on event
/// loops: it must be quick.
public protocol DiscoveryView: Sendable {
    /// All nodes of the ledger, this one too, in any order.
    var nodes: [DiscoveryNode] { get }
    /// Changes whenever ``nodes`` do; whether nodes are alive does not change it.
    var version: UInt64 { get }
    /// Whether the node is believed to be alive.
    func isUsable(_ node: NodeID) -> Bool
    /// How long a small request and its answer take; nil where nothing is known.
    func estimatedRoundTrip(to node: NodeID) -> Duration?
}
