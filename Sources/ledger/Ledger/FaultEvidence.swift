import Blake3
public import Foundation
public import Identity
import Wire

/// Two statements that one node signed and that cannot both be true.
public enum FaultEvidence: Hashable, Sendable {
    /// A header as it was signed.
    public struct SignedHeader: Hashable, Sendable {
        public let header: Data
        public let signature: Data

        public init(header: Data, signature: Data) {
            self.header = header
            self.signature = signature
        }
    }

    /// Two headers of one sequence by one sequencer.
    case forkedHeaders(SignedHeader, SignedHeader)
    /// Two checkpoints of one sequence by one node, each with its signature.
    case contradictingVotes(NodeID, first: Data, firstSignature: Data, second: Data, secondSignature: Data)
}

extension FaultEvidence {
    /// What evidence proves.
    struct Fault: Hashable, Sendable {
        let node: NodeID
        let kind: FaultRecord.Kind
        /// Of both statements.
        let sequence: UInt64
    }

    /// The evidence's hash, the same whichever statement comes first.
    var hash: Digest {
        let statements: [Data] =
            switch self {
            case .forkedHeaders(let first, let second): [first.header, second.header]
            case .contradictingVotes(_, let first, _, let second, _): [first, second]
            }
        var encoder = RowEncoder()
        for statement in statements.sorted(by: { $0.lexicographicallyPrecedes($1) }) { encoder.append(statement) }
        return LedgerHash.evidence(encoder.bytes)
    }

    /// Checks both statements and their signatures.
    ///
    /// - Parameter key: Gives the key of a node that may make such a statement; nil for any other.
    /// - Throws: `.badEvidence`, or what a statement's decoding throws.
    func verify(network: NetworkID, key: (FaultRecord.Kind, NodeID) -> PublicKey?) throws(LedgerError) -> Fault {
        switch self {
        case .forkedHeaders(let first, let second):
            let (one, other) = (try FaultEvidence.header(first.header), try FaultEvidence.header(second.header))
            let node = NodeID(try Digest.decode(one.sequencer, what: "sequencer's id"))
            guard one.networkID == network.digest.data, other.networkID == one.networkID,
                one.sequence == other.sequence, one.sequencer == other.sequencer, first.header != second.header
            else { throw FaultEvidence.agrees }
            try FaultEvidence.check(
                key(.forkedHeaders, node), Entry.domain, (first.header, first.signature),
                (second.header, second.signature))
            return Fault(node: node, kind: .forkedHeaders, sequence: one.sequence)
        case .contradictingVotes(let node, let first, let firstSignature, let second, let secondSignature):
            let (one, other) = (try Checkpoint(decoding: first), try Checkpoint(decoding: second))
            guard one.networkID == network, other.networkID == network, one.sequence == other.sequence, first != second
            else { throw FaultEvidence.agrees }
            try FaultEvidence.check(
                key(.contradictingVotes, node), CheckpointVote.domain, (first, firstSignature),
                (second, secondSignature))
            return Fault(node: node, kind: .contradictingVotes, sequence: one.sequence)
        }
    }

    private static func header(_ bytes: Data) throws(LedgerError) -> LedgerPBEntryHeader {
        try LedgerPBEntryHeader.decodeCanonical(bytes, limit: 1_024, what: "entry's header")
    }

    private static func check(
        _ key: PublicKey?, _ domain: Data, _ first: (Data, Data), _ second: (Data, Data)
    ) throws(LedgerError) {
        guard let key else {
            throw LedgerError(.badEvidence, "The evidence is about a node that makes no such statements here")
        }
        guard key.isValidSignature(first.1, for: domain + first.0),
            key.isValidSignature(second.1, for: domain + second.0)
        else { throw LedgerError(.badEvidence, "The node did not sign both statements; nothing is proven") }
    }

    private static let agrees = LedgerError(
        .badEvidence, "The two statements are equal, or not of one node, sequence and network; they may both be true")
}
