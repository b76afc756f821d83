public import Blake3
import Identity

extension LedgerState {
    /// The Merkle root over the network, the sequence, the time, the hash of what is beside the tables, and every
    /// table's number, row count and root. Costs little when the state is sealed.
    public var root: Digest { StateHeader(self).root }

    /// The hash of what the state holds beside its tables.
    var fixedHash: Digest {
        var encoder = RowEncoder()
        chain.encode(into: &encoder)
        return LedgerHash.fixedPart(encoder.bytes)
    }
}
