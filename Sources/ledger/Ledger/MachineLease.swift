import Blake3
public import Identity

/// Which node may run the machine of a slot, and until when. At every time of the ledger at most one node may.
///
/// A node takes a lease that nobody has, and renews it before it ends. The holder stops what it runs before that by its own
/// clock, so that whoever takes the lease after it is alone. The row of a lease that ended stays, so that the fence never
/// goes back.
public struct MachineLease: Hashable, Sendable {
    /// How long a lease may be taken for, in milliseconds.
    public static let termRange: ClosedRange<UInt64> = 1_000...3_600_000
    /// Claims or slots in a transaction at most.
    public static let maxClaims = 128

    public let slot: MachineSlot
    public internal(set) var holder: NodeID
    /// One more than before with each lease that is taken, not with those that are renewed: what carries a lower number
    /// is of an earlier holder.
    public internal(set) var fence: UInt64
    /// The first time of the ledger at which another node may take it, in milliseconds since 1970-01-01T00:00:00Z.
    public internal(set) var expiresMilliseconds: Int64
    /// The entry that took it last.
    public internal(set) var takenSequence: UInt64
    /// The release that runs, as the holder says.
    public internal(set) var release: ReleaseID
    /// See ``MachineClaim/ready``.
    public internal(set) var ready: ReleaseID?
    /// See ``MachineClaim/failed``.
    public internal(set) var failed: ReleaseID?

    /// Whether the holder has it at a time of the ledger.
    public func isHeld(at timeMilliseconds: Int64) -> Bool { timeMilliseconds < expiresMilliseconds }
}

extension MachineLease: MerkleRow {
    static var table: UInt8 { 12 }

    static func path(_ name: AppName, _ slot: UInt32) -> Digest {
        var encoder = RowEncoder()
        encoder.append(table)
        encoder.append(name.description)
        encoder.append(UInt64(slot))
        return LedgerHash.rowPath(encoder.bytes)
    }

    static func path(_ slot: MachineSlot) -> Digest { path(slot.name, slot.slot) }

    var path: Digest { MachineLease.path(slot) }

    func encode(into encoder: inout RowEncoder) {
        encoder.append(slot.name.description)
        encoder.append(UInt64(slot.slot))
        encoder.append(holder.digest)
        encoder.append(fence)
        encoder.append(expiresMilliseconds)
        encoder.append(takenSequence)
        encoder.append(release.description)
        encoder.append(ready?.description ?? "")
        encoder.append(failed?.description ?? "")
    }
}

extension MachineLease: StoredRow {
    init(path: Digest, decoder: inout RowDecoder) throws(LedgerError) {
        let name = try AppName(checking: try decoder.text())
        self.init(
            slot: MachineSlot(name: name, slot: try decoder.uint32()), holder: NodeID(try decoder.digest()),
            fence: try decoder.uint64(), expiresMilliseconds: try decoder.int64(),
            takenSequence: try decoder.uint64(), release: try ReleaseID.decode(try decoder.text()))
        ready = try ReleaseID.decodeOptional(try decoder.text())
        failed = try ReleaseID.decodeOptional(try decoder.text())
    }
}

extension ReleaseID {
    /// The empty text stands for none.
    static func decodeOptional(_ text: String) throws(LedgerError) -> ReleaseID? {
        text.isEmpty ? nil : try decode(text)
    }
}
