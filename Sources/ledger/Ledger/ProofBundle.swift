public import Foundation
import SwiftProtobuf
import Wire

/// All that a light client needs to believe one row of the ledger: the genesis, the handovers since, a certificate, and
/// the row's proof under the certified state root.
public struct ProofBundle: Hashable, Sendable {
    /// Handovers at most. A client that is further behind asks for them apart and keeps a ``LightClient``.
    public static let maxHandovers = 1_000
    /// The largest encoding in bytes.
    public static let maxByteCount = 64 << 20

    public let genesis: Genesis
    /// Oldest first.
    public let handovers: [Handover]
    public let certificate: Certificate
    public let proof: StateProof

    /// Puts all together; nothing is verified.
    public init(genesis: Genesis, handovers: [Handover], certificate: Certificate, proof: StateProof) {
        self.genesis = genesis
        self.handovers = handovers
        self.certificate = certificate
        self.proof = proof
    }

    /// Reads ``bytes``; no signature is verified, ``verify(network:)`` does that.
    ///
    /// - Throws: `.malformed`, `.tooLarge` or `.badGenesis`. Any bytes are allowed.
    public init(decoding bytes: Data) throws(LedgerError) {
        let message = try LedgerPBProofBundle.decodeCanonical(
            bytes, limit: ProofBundle.maxByteCount, what: "proof bundle")
        guard message.handovers.count <= ProofBundle.maxHandovers else {
            throw LedgerError(
                .tooLarge,
                "The bundle has \(message.handovers.count) handovers; at most \(ProofBundle.maxHandovers) are allowed")
        }
        var handovers: [Handover] = []
        for handover in message.handovers { handovers.append(try Handover(decoding: handover)) }
        self.init(
            genesis: try Genesis(decoding: message.genesis), handovers: handovers,
            certificate: try Certificate(decoding: message.certificate),
            proof: try StateProof(decoding: message.proof))
    }

    /// The one encoding.
    public var bytes: Data {
        LedgerPBProofBundle.with {
            $0.genesis = genesis.bytes
            $0.handovers = handovers.map(\.bytes)
            $0.certificate = certificate.bytes
            $0.proof = proof.bytes
        }.canonicalBytes
    }

    /// Verifies everything from the genesis to the row.
    ///
    /// - Parameter network: Which network the reader means: anybody can make a genesis of their own.
    /// - Returns: The certified checkpoint; ask ``proof`` for the row under its state root.
    /// - Throws: `.wrongNetwork`, `.badCertificate` or `.badProof`.
    @discardableResult
    public func verify(network: NetworkID) throws(LedgerError) -> Checkpoint {
        guard genesis.networkID == network else {
            throw LedgerError(
                .wrongNetwork, "The bundle is of network \(genesis.networkID.short), not \(network.short)")
        }
        var client = LightClient(genesis: genesis)
        for handover in handovers { try client.accept(handover) }
        let checkpoint = try client.verify(certificate)
        guard proof.networkID == network, proof.sequence == checkpoint.sequence else {
            throw LedgerError(
                .badProof,
                "The proof is of entry \(proof.sequence), the certificate of \(checkpoint.sequence); get both of one")
        }
        _ = try proof.verify(table: proof.table, path: proof.path, root: checkpoint.stateRoot)
        return checkpoint
    }
}
