public import Blake3
public import Identity

/// The commit-reveal beacon that makes each epoch's seed; docs/design/epochs.md has the rules and why.
public enum Beacon {
    /// How a round ends.
    enum Outcome: Hashable, Sendable {
        /// Everybody who committed revealed: the next epoch begins with this seed.
        case seed(Digest)
        /// Some did not: they are barred, and the round starts again.
        case restart
        /// Nobody committed, or there were too many restarts: the next epoch begins with the present seed.
        case keepsSeed
    }

    /// What a node publishes before it reveals: H_commit(epoch ‖ round ‖ node ‖ reveal).
    ///
    /// The node is a part of it, so that nobody can commit to what another one will reveal.
    public static func commitment(to reveal: Digest, epoch: UInt64, round: UInt32, by node: NodeID) -> Digest {
        var encoder = RowEncoder()
        encoder.append(epoch)
        encoder.append(UInt64(round))
        encoder.append(node.digest)
        encoder.append(reveal)
        return LedgerHash.beaconCommit(encoder.bytes)
    }

    /// H_seed(anchor ‖ epoch that it begins ‖ reveals in the order of their nodes).
    static func seed(anchor: Digest, epoch: UInt64, reveals: [Digest]) -> Digest {
        var encoder = RowEncoder()
        encoder.append(anchor)
        encoder.append(epoch)
        for reveal in reveals { encoder.append(reveal) }
        return LedgerHash.beaconSeed(encoder.bytes)
    }

    /// Ends a round.
    ///
    /// - Parameter shares: Of all nodes that committed in this round, in the order of their ids.
    static func conclude(_ shares: [BeaconShare], of epoch: EpochState, maxRestarts: UInt32) -> Outcome {
        let reveals = shares.compactMap(\.reveal)
        if reveals.count < shares.count { return epoch.round < maxRestarts ? .restart : .keepsSeed }
        if reveals.isEmpty { return .keepsSeed }
        return .seed(seed(anchor: epoch.anchor, epoch: epoch.number.next, reveals: reveals))
    }
}

extension UInt64 {
    /// One more; numbers of epochs never get near the end.
    var next: UInt64 { self &+ 1 }

    func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
