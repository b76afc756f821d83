import AckProofs
import Blake3
public import Foundation
public import Identity
import Wire

/// Statements that one node signed and that cannot be true: two that contradict each other, or one that hashing refutes.
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
    /// A payee's transaction with a valid settlement proof, and which of its settlements is false: hashing from its link
    /// does not lead where it says. That takes a proof system that is broken, so the ledger closes the proof lane.
    case falseSettlement(transaction: Data, index: UInt32)
}

extension FaultEvidence {
    /// What evidence proves.
    struct Fault: Hashable, Sendable {
        let node: NodeID
        let kind: FaultRecord.Kind
        /// Of both statements; of a settlement the signer's nonce.
        let sequence: UInt64
    }

    /// The evidence's hash, the same whichever statement comes first.
    var hash: Digest {
        let statements: [Data] =
            switch self {
            case .forkedHeaders(let first, let second): [first.header, second.header]
            case .contradictingVotes(_, let first, _, let second, _): [first, second]
            case .falseSettlement(let transaction, _): [transaction]
            }
        var encoder = RowEncoder()
        for statement in statements.sorted(by: { $0.lexicographicallyPrecedes($1) }) { encoder.append(statement) }
        return LedgerHash.evidence(encoder.bytes)
    }

    /// Checks both statements and their signatures.
    ///
    /// - Parameters:
    ///   - proofs: Verifies settlement proofs.
    ///   - isKnown: Whether a fault is recorded already: then nothing is hashed for it again.
    ///   - key: Gives the key of a node that may make such a statement; nil for any other.
    /// - Throws: `.badEvidence`, or what a statement's decoding throws.
    func verify(
        network: NetworkID, proofs: SettlementProofCheck, isKnown: (Fault) -> Bool,
        key: (FaultRecord.Kind, NodeID) -> PublicKey?
    ) throws(LedgerError) -> Fault {
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
        case .falseSettlement(let bytes, let index):
            let transaction = try SignedTransaction(decoding: bytes)
            guard transaction.networkID == network, case .node(let node) = transaction.signer,
                case .settleChannels(let settlements, let proof) = transaction.action,
                settlements.indices.contains(Int(index)),
                case .proof(let from, let link, let steps) = settlements[Int(index)].lane,
                key(.falseSettlement, node) == transaction.publicKey
            else {
                throw LedgerError(.badEvidence, "This is no node's settlement with a proof; nothing is proven")
            }
            let fault = Fault(node: node, kind: .falseSettlement, sequence: transaction.nonce)
            if isKnown(fault) { return fault }
            try FaultEvidence.refute(
                AckClaim(from: from, to: link, steps: steps), in: settlements, proof, network, proofs)
            return fault
        }
    }

    /// The proof comes first: without a valid one nobody was paid, and nobody is made to hash for nothing.
    private static func refute(
        _ claim: AckClaim, in settlements: [Settlement], _ proof: Data, _ network: NetworkID,
        _ proofs: SettlementProofCheck
    ) throws(LedgerError) {
        try SettlementProof.checkBounds(SettlementProof.claims(of: settlements))
        do throws(LedgerError) { try proofs.verify(proof, settlements, network) } catch {
            throw LedgerError(.badEvidence, "The settlement's proof is not valid, so it pays nothing: \(error.message)")
        }
        guard LinkRehash.firstFalse([claim]) != nil else {
            throw LedgerError(
                .badEvidence, "Hashing \(claim.steps) steps leads where the settlement says; nothing is proven")
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
