import Blake3

/// An account or a node on the allowlist.
struct AllowedMember: Hashable, Sendable {
    /// Of the account's or the node's id.
    let id: Digest
}

extension AllowedMember: MerkleRow {
    static var table: UInt8 { 9 }

    static func path(_ id: Digest) -> Digest {
        var encoder = RowEncoder()
        encoder.append(table)
        encoder.append(id)
        return LedgerHash.rowPath(encoder.bytes)
    }

    var path: Digest { AllowedMember.path(id) }

    func encode(into encoder: inout RowEncoder) { encoder.append(id) }
}
