import Blake3
import Stark

/// The end of a chain that an open channel uses, so that no other channel takes it.
struct AnchorRecord: Hashable, Sendable {
    let anchor: PoseidonLink
    let channel: ChannelID
}

extension AnchorRecord: MerkleRow {
    static var table: UInt8 { 10 }

    static func path(_ anchor: PoseidonLink) -> Digest {
        var encoder = RowEncoder()
        encoder.append(table)
        encoder.append(anchor)
        return LedgerHash.rowPath(encoder.bytes)
    }

    var path: Digest { AnchorRecord.path(anchor) }

    func encode(into encoder: inout RowEncoder) {
        encoder.append(anchor)
        encoder.append(channel.digest)
    }
}
