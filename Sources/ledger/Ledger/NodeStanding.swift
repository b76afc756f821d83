/// What the network's epochs know of a node, beside what its operator says of it.
public struct NodeStanding: Hashable, Sendable {
    /// Where every node's reputation begins and where it drifts to without data, in millionths.
    public static let probation: UInt32 = 200_000
    /// Penalties that may wait for a certificate at a time; more are added to the last one.
    static let maxPenalties = 8

    /// Its weight in the present epoch's draws, fixed when the epoch began; 0 if it was not there then.
    public internal(set) var weight: UInt64 = 0
    /// The neighbourhood of its peer endpoint when the epoch began; 0 for none.
    var addressGroup: UInt32 = 0
    /// What it gave to the beacon last.
    public internal(set) var share: BeaconShare?
    /// What waits for a certificate, oldest first.
    public internal(set) var penalties: [NodePenalty] = []
    /// In millionths.
    public internal(set) var reputation = NodeStanding.probation
    /// How often its measurements agreed with everybody's, in millionths.
    public internal(set) var agreement: UInt32 = 1_000_000
    /// How long it has taken part in whole epochs.
    public internal(set) var servedMilliseconds: UInt64 = 0
    /// The epoch of ``auditCount``.
    var auditEpoch: UInt64 = 0
    /// Audits that it submitted in that epoch.
    var auditCount: UInt32 = 0
    /// Faults that were proven of it.
    public internal(set) var faultCount: UInt32 = 0

    /// Puts a penalty behind those that wait.
    mutating func add(_ penalty: NodePenalty) {
        guard penalties.count >= NodeStanding.maxPenalties else { return penalties.append(penalty) }
        let last = penalties.count - 1
        switch (penalties[last].amount, penalty.amount) {
        case (.units(let old), .units(let new)): penalties[last].amount = .units(old.addingClamped(new))
        case (.permille(let old), .permille(let new)): penalties[last].amount = .permille(min(1_000, old + new))
        case (.units, .permille): penalties[last].amount = penalty.amount
        case (.permille, .units): break
        }
        penalties[last].sequence = penalty.sequence
    }
}

extension NodeStanding {
    func encode(into encoder: inout RowEncoder) {
        encoder.append(weight)
        encoder.append(UInt64(addressGroup))
        encoder.append(share != nil)
        share?.encode(into: &encoder)
        encoder.append(count: penalties.count)
        for penalty in penalties { penalty.encode(into: &encoder) }
        encoder.append(UInt64(reputation))
        encoder.append(UInt64(agreement))
        encoder.append(servedMilliseconds)
        encoder.append(auditEpoch)
        encoder.append(UInt64(auditCount))
        encoder.append(UInt64(faultCount))
    }
}
