public import Blake3
public import Identity

/// What an auditor found when it ran a receipt again; kept for the epoch that it came in and the one after.
public struct AuditRecord: Hashable, Sendable {
    public let auditor: NodeID
    /// The node whose receipt it is.
    public let subject: NodeID
    public let receipt: Digest
    /// Whether the result was the same.
    public let matches: Bool
    /// What the auditor got.
    public let result: Digest
    public let epoch: UInt64
}

extension AuditRecord: MerkleRow {
    static var table: UInt8 { 11 }

    static func path(_ auditor: NodeID, _ receipt: Digest) -> Digest {
        var encoder = RowEncoder()
        encoder.append(table)
        encoder.append(auditor.digest)
        encoder.append(receipt)
        return LedgerHash.rowPath(encoder.bytes)
    }

    var path: Digest { AuditRecord.path(auditor, receipt) }

    func encode(into encoder: inout RowEncoder) {
        encoder.append(auditor.digest)
        encoder.append(subject.digest)
        encoder.append(receipt)
        encoder.append(matches)
        encoder.append(result)
        encoder.append(epoch)
    }
}
