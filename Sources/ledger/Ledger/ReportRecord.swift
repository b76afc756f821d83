import Blake3
public import Identity

/// What one observer reported in the present epoch.
public struct ReportRecord: Hashable, Sendable {
    public let observer: NodeID
    /// In ascending order of their subjects, each once.
    public internal(set) var observations: [Observation]
}

extension ReportRecord: MerkleRow {
    static var table: UInt8 { 8 }

    static func path(_ observer: NodeID) -> Digest {
        var encoder = RowEncoder()
        encoder.append(table)
        encoder.append(observer.digest)
        return LedgerHash.rowPath(encoder.bytes)
    }

    var path: Digest { ReportRecord.path(observer) }

    func encode(into encoder: inout RowEncoder) {
        encoder.append(observer.digest)
        encoder.append(count: observations.count)
        for observation in observations {
            encoder.append(observation.subject.digest)
            encoder.append(UInt64(observation.probesAnswered))
            encoder.append(UInt64(observation.probes))
            encoder.append(UInt64(observation.latencyMicroseconds))
            encoder.append(observation.rate)
            encoder.append(UInt64(observation.goodBlocks))
            encoder.append(UInt64(observation.badBlocks))
        }
    }
}
