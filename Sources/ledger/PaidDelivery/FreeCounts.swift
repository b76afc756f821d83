import Identity

/// Counts what peers got for nothing in the present epoch. A core.
struct FreeCounts: Sendable {
    /// Peers that are counted; further ones get nothing for nothing until the next epoch.
    static let maxPeers = 65_536

    private var epoch: UInt64 = 0
    private var counts: [NodeID: UInt64] = [:]

    /// Counts `units` more for a peer that may have `most` in an epoch; false if that is too much, and nothing is counted.
    mutating func take(_ units: UInt64, for peer: NodeID, upTo most: UInt64, in epoch: UInt64) -> Bool {
        if epoch != self.epoch {
            self.epoch = epoch
            counts.removeAll()
        }
        let used = counts[peer] ?? 0
        guard units <= most, used <= most - units else { return false }
        guard counts[peer] != nil || counts.count < FreeCounts.maxPeers else { return false }
        counts[peer] = used + units
        return true
    }
}
