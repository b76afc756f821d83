import Identity
import Placement

/// Which nodes keep an app's values, the first one first.
struct KVHomes: Hashable, Sendable {
    /// Former homes of one app that are remembered, for each copy of it.
    private static let maxFormerPerCopy = 16

    /// Those that keep a copy: all changes go to the first one that lives.
    let nodes: [NodeID]
    /// Those that come next behind them, and those that were homes until others came lately: they may still have something.
    let former: [NodeID]
    /// Those of which the same is true, and that take part no more.
    let left: [NodeID]

    /// The homes of an app among the nodes that take part.
    ///
    /// - Parameters:
    ///   - arrivals: Nodes that came lately, numbered from 1 on in the order in which they came.
    ///   - leavers: Nodes that left lately.
    ///   - copies: How many nodes keep it; as many again count as former homes.
    init(
        of name: String, among participants: [NodeID], arrivals: [NodeID: Int] = [:], leavers: [NodeID] = [],
        copies: Int
    ) {
        let copies = max(1, copies)
        let mostFormer = copies * KVHomes.maxFormerPerCopy
        let leaving = Set(leavers)
        var (nodes, former, left): ([NodeID], [NodeID], [NodeID]) = ([], [], [])
        // The earliest arrivals among the nodes in front: one that came before the last of them was a home then.
        var earliest: [Int] = []
        var count = 0
        for node in Rendezvous.order(participants + leavers, for: name) {
            let arrival = arrivals[node] ?? 0
            let wasHome = earliest.count < copies || arrival < earliest[copies - 1]
            if leaving.contains(node) {
                if count < 2 * copies || wasHome, left.count < mostFormer { left.append(node) }
                continue
            }
            if count < copies {
                nodes.append(node)
            } else if count < 2 * copies || wasHome {
                former.append(node)
            }
            count += 1
            let place = earliest.firstIndex { arrival < $0 } ?? earliest.count
            if place < copies { earliest.insert(arrival, at: place) }
            if earliest.count > copies { earliest.removeLast() }
            if count >= 2 * copies, earliest.last == 0 || former.count >= mostFormer { break }
        }
        (self.nodes, self.former, self.left) = (nodes, former, left)
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
