public import Blake3

/// What a node gave to the beacon in one round.
public struct BeaconShare: Hashable, Sendable {
    public let epoch: UInt64
    public let round: UInt32
    /// ``Beacon/commitment(to:epoch:round:by:)`` of what the node will reveal.
    public let commitment: Digest
    /// Nil until the node revealed it.
    public internal(set) var reveal: Digest?
}

extension BeaconShare {
    func encode(into encoder: inout RowEncoder) {
        encoder.append(epoch)
        encoder.append(UInt64(round))
        encoder.append(commitment)
        encoder.append(reveal != nil)
        if let reveal { encoder.append(reveal) }
    }
}
