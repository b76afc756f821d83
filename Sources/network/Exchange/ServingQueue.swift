package import Identity

/// Which peer's block is read next when more are asked for than may be in service: deficit round robin (Shreedhar and
/// Varghese, SIGCOMM 1995) over peers, by bytes.
///
/// Each block in service holds one place, from when it is read until it has left. Who takes its blocks off the wire slowly
/// holds no more places than ``maxPerPeer``; and each peer may always have one, however many places others hold.
/// A core without clocks; `Ticket` is what the owner remembers by request.
package struct ServingQueue<Ticket> {
    private struct Peer {
        var waiting: [Ticket] = []
        var inService = 0
        /// Bytes that the peer may still have in this round; below zero when it had more.
        var deficit = 0
        /// What its blocks in service were charged before their size was known.
        var charged = 0
        var lastByteCount = 256 << 10

        mutating func begin() {
            inService += 1
            charged += lastByteCount
            deficit -= lastByteCount
        }

        mutating func end(byteCount: Int) {
            let estimate = charged / inService
            charged -= estimate
            deficit += estimate - byteCount
            inService -= 1
            if byteCount > 0 { lastByteCount = byteCount }
        }
    }

    /// Bytes that a peer is granted each round: one block.
    private static var quantum: Int { 256 << 10 }

    private let maxTotal: Int
    private let maxPerPeer: Int
    private var peers: [NodeID: Peer] = [:]
    /// Peers with waiting requests, in the order of their turns.
    private var round: [NodeID] = []
    /// Blocks in service.
    package private(set) var inService = 0

    /// - Parameters:
    ///   - maxTotal: Blocks in service at once, plus one for each peer.
    ///   - maxPerPeer: Blocks in service for one peer; at least 1.
    package init(maxTotal: Int, maxPerPeer: Int) {
        self.maxTotal = max(1, maxTotal)
        self.maxPerPeer = max(1, maxPerPeer)
    }

    /// Requests that wait for their turn.
    package var waitingCount: Int { round.reduce(0) { $0 + (peers[$1]?.waiting.count ?? 0) } }

    /// A request came.
    ///
    /// - Returns: Whether to serve it now; else the ticket comes back from ``next()``.
    package mutating func admit(_ node: NodeID, _ ticket: @autoclosure () -> Ticket) -> Bool {
        // Who comes while others wait takes its turn behind them, unless it has nothing in service.
        if round.isEmpty || peers[node] == nil, take(node) { return true }
        if peers[node, default: Peer()].waiting.isEmpty { round.append(node) }
        peers[node, default: Peer()].waiting.append(ticket())
        return false
    }

    /// A block of `byteCount` bytes has left, or will not.
    package mutating func release(_ node: NodeID, byteCount: Int) {
        guard var peer = peers[node], peer.inService > 0 else { return }
        peer.end(byteCount: byteCount)
        inService -= 1
        peers[node] = peer.inService == 0 && peer.waiting.isEmpty ? nil : peer
    }

    /// The next request to serve, if a place is free.
    package mutating func next() -> Ticket? {
        // Whoever has used up its bytes gets a quantum and waits for its next turn; nobody is more than its blocks in
        // service in debt, so this ends, and it does once all are without a place, one after the other.
        var passed = 0
        while passed < round.count, let node = round.first {
            guard var peer = peers[node], !peer.waiting.isEmpty else {
                round.removeFirst()
                continue
            }
            round.removeFirst()
            if !hasPlace(peer) {
                round.append(node)
                passed += 1
                continue
            }
            if peer.deficit < 0 {
                peer.deficit += ServingQueue.quantum
                peers[node] = peer
                round.append(node)
                // It has a turn to come: those that were passed before it must not end the search.
                passed = 0
                continue
            }
            let ticket = peer.waiting.removeFirst()
            peer.begin()
            inService += 1
            if peer.waiting.isEmpty {
                peer.deficit = min(0, peer.deficit)
            } else if peer.deficit >= 0 {
                round.insert(node, at: 0)
            } else {
                round.append(node)
            }
            peers[node] = peer
            return ticket
        }
        return nil
    }

    private mutating func take(_ node: NodeID) -> Bool {
        var peer = peers[node] ?? Peer()
        guard hasPlace(peer) else { return false }
        peer.begin()
        inService += 1
        // Debts count among peers that compete.
        if round.isEmpty { peer.deficit = 0 }
        peers[node] = peer
        return true
    }

    private func hasPlace(_ peer: Peer) -> Bool {
        peer.inService == 0 || (inService < maxTotal && peer.inService < maxPerPeer)
    }
}
