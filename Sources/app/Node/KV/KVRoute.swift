import Identity
import Placement

/// Which nodes keep an app's values, the first one first.
struct KVHomes: Hashable, Sendable {
    /// Those that keep a copy: all changes go to the first one that lives.
    let nodes: [NodeID]
    /// Those that come behind them, and were homes before others joined: they may still have something.
    let former: [NodeID]

    /// The homes of an app among the nodes that take part.
    ///
    /// - Parameter copies: How many nodes keep it; as many again count as former homes.
    init(of name: String, among participants: [NodeID], copies: Int) {
        let order = Rendezvous.replicas(participants, for: name, count: 2 * max(1, copies))
        nodes = Array(order.prefix(max(1, copies)))
        former = Array(order.dropFirst(max(1, copies)))
    }

    func contains(_ node: NodeID) -> Bool { nodes.contains(node) }
}

/// Where a call is tried, one after the other.
enum KVStop: Hashable, Sendable {
    /// This node's own store.
    case here
    case peer(NodeID)

    /// - Parameters:
    ///   - isReady: Whether this node's store, if it is a home, has caught up with the others.
    ///   - isUsable: Whether another node is believed alive.
    /// - Returns: Reads are answered here if that is possible; changes go to the first home. A home that has not caught up
    ///   asks the others first.
    static func stops(
        _ homes: KVHomes, from node: NodeID, isRead: Bool, isReady: Bool, isUsable: (NodeID) -> Bool
    ) -> [KVStop] {
        let isHome = homes.contains(node)
        if isHome, isReady, isRead { return [.here] }
        var stops = homes.nodes.compactMap { home -> KVStop? in
            if home == node { return isReady ? .here : nil }
            return isUsable(home) ? .peer(home) : nil
        }
        if isHome, !isReady { stops.append(.here) }
        return stops
    }
}
