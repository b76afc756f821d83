public import Blake3
public import Identity

/// A fault that was proven, once for each node, kind and sequence.
public struct FaultRecord: Hashable, Sendable {
    /// What the node did.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Signed two headers of one sequence.
        case forkedHeaders = "forked-headers"
        /// Signed two checkpoints of one sequence.
        case contradictingVotes = "contradicting-votes"
        /// Signed a settlement whose proof is valid and which is false all the same.
        case falseSettlement = "false-settlement"

        /// The number in a state row; never reused.
        var code: UInt8 {
            switch self {
            case .forkedHeaders: 1
            case .contradictingVotes: 2
            case .falseSettlement: 3
            }
        }
    }

    public let node: NodeID
    public let kind: Kind
    /// The sequence of the two statements; of a settlement the signer's nonce.
    public let faultSequence: UInt64
    /// The hash of the evidence; the entry holds the evidence itself.
    public let evidence: Digest
    /// The entry that brought the evidence.
    public let recordedSequence: UInt64
}

extension FaultRecord: MerkleRow {
    static var table: UInt8 { 7 }

    static func path(_ node: NodeID, _ kind: Kind, _ faultSequence: UInt64) -> Digest {
        var encoder = RowEncoder()
        encoder.append(table)
        encoder.append(node.digest)
        encoder.append(kind.code)
        encoder.append(faultSequence)
        return LedgerHash.rowPath(encoder.bytes)
    }

    var path: Digest { FaultRecord.path(node, kind, faultSequence) }

    func encode(into encoder: inout RowEncoder) {
        encoder.append(node.digest)
        encoder.append(kind.code)
        encoder.append(faultSequence)
        encoder.append(evidence)
        encoder.append(recordedSequence)
    }
}
