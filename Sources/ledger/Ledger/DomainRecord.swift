import Blake3

/// A domain that is bound to a name. Whoever owns the name may unbind it.
public struct DomainRecord: Hashable, Sendable {
    public let domain: DomainName
    /// The name whose app answers to it.
    public internal(set) var name: AppName
    /// The entry that bound it last.
    public internal(set) var boundSequence: UInt64
}

extension DomainRecord: MerkleRow {
    static var table: UInt8 { 5 }

    static func path(_ domain: DomainName) -> Digest {
        var encoder = RowEncoder()
        encoder.append(table)
        encoder.append(domain.description)
        return LedgerHash.rowPath(encoder.bytes)
    }

    var path: Digest { DomainRecord.path(domain) }

    func encode(into encoder: inout RowEncoder) {
        encoder.append(domain.description)
        encoder.append(name.description)
        encoder.append(boundSequence)
    }
}
