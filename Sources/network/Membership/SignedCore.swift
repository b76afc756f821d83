import Foundation
import Identity
import Peering

/// The core and what it leaves to its owner: proofs of incarnations. Claims are checked on their way in and signed on
/// their way out.
struct SignedCore {
    var swim: SwimCore<SystemRandomNumberGenerator>
    private let key: SigningKey
    private let network: Data
    private var ownProof: IncarnationProof?
    /// The newest incarnation that each member has proven.
    private var proofs: [NodeID: IncarnationProof] = [:]
    private var ownFullProof: FullProof?
    /// Of each member that said that it is full, the newest.
    private var fullProofs: [NodeID: FullProof] = [:]
    /// Claims of incarnations too far above the clock.
    private(set) var implausibleClaims = 0

    init(key: SigningKey, network: Data, swim: SwimCore<SystemRandomNumberGenerator>) {
        self.key = key
        self.network = network
        self.swim = swim
    }

    /// Follows the ledger; proofs of nodes that are gone are forgotten.
    mutating func setRoster(_ roster: MemberRoster, now: Duration) -> [SwimAction] {
        proofs = proofs.filter { roster.index(of: $0.key) != nil }
        fullProofs = fullProofs.filter { roster.index(of: $0.key) != nil }
        return swim.setRoster(roster, now: now)
    }

    /// Takes a peer's message up.
    ///
    /// - Throws: ``MembershipError`` if it holds what an honest peer never sends; nothing of it is believed then.
    mutating func onFrame(
        _ frame: MembershipFrame, from peer: NodeID, directory: any PeerDirectory, nowMillis: UInt64, now: Duration
    ) throws -> [SwimAction] {
        guard swim.roster.index(of: peer) != nil else {
            throw MembershipError(.unknownNode, "Node \(peer.short) is not on the ledger as this node knows it")
        }
        var message = frame.message
        var accepted: [MemberClaim] = []
        var proven: [(NodeID, IncarnationProof)] = []
        var full: [(NodeID, FullProof)] = []
        for (index, signature) in zip(frame.message.claims.indices, frame.signatures) {
            var claim = frame.message.claims[index]
            if let proof = try fullProof(of: claim, frame.fullSignatures[index], directory) {
                full.append((claim.node, proof))
            } else {
                claim.isFull = false
            }
            guard needsProof(claim) else {
                accepted.append(claim)
                continue
            }
            guard let subject = directory.publicKey(of: claim.node) else { continue }
            let known = swim.claim(about: claim.node)?.incarnation ?? 0
            guard claim.incarnation <= SwimCore<SystemRandomNumberGenerator>.maxIncarnation,
                IncarnationProof.isPlausible(claim.incarnation, known: known, nowMillis: nowMillis)
            else {
                implausibleClaims += 1
                // A third party may have another clock; the node itself must mend its own.
                if claim.node != peer { continue }
                throw MembershipError(
                    .incarnationTooHigh,
                    "Incarnation \(claim.incarnation) is more than a day above the clock here; set the clocks right")
            }
            guard
                let proof = IncarnationProof(
                    checking: signature, of: subject, network: network, incarnation: claim.incarnation,
                    isLeaving: claim.state == .left)
            else {
                throw MembershipError(
                    .badSignature,
                    "Incarnation \(claim.incarnation) of node \(claim.node.short) is not signed by that node")
            }
            proven.append((claim.node, proof))
            accepted.append(claim)
        }
        for (node, proof) in proven where proof.incarnation >= proofs[node]?.incarnation ?? 0 {
            proofs[node] = proof
        }
        for (node, proof) in full where proof.incarnation >= fullProofs[node]?.incarnation ?? 0 {
            fullProofs[node] = proof
        }
        message.claims = accepted
        return swim.onMessage(message, from: peer, now: now)
    }

    /// A claim that changes nothing about lives needs no proof; of nodes that are not on the ledger it is ignored.
    private func needsProof(_ claim: MemberClaim) -> Bool {
        if claim.node == swim.node { return claim.incarnation > swim.incarnation }
        guard let known = swim.claim(about: claim.node) else { return false }
        if claim.incarnation == known.incarnation { return claim.state == .left && known.state != .left }
        return claim.incarnation > known.incarnation
    }

    /// The proof that a claim of a full member is true, where that is news.
    ///
    /// - Throws: ``MembershipError`` `.badSignature`.
    private func fullProof(
        of claim: MemberClaim, _ signature: Data, _ directory: any PeerDirectory
    ) throws -> FullProof? {
        guard claim.isFull, claim.node != swim.node, claim.state != .left,
            let known = swim.claim(about: claim.node), let subject = directory.publicKey(of: claim.node),
            claim.incarnation > known.incarnation || claim.incarnation == known.incarnation && !known.isFull
        else { return nil }
        if let proof = FullProof(
            checking: signature, of: subject, network: network, incarnation: claim.incarnation)
        {
            return proof
        }
        throw MembershipError(
            .badSignature, "That node \(claim.node.short) is full is not signed by that node")
    }

    /// The message as it travels.
    ///
    /// - Throws: The crypto library's error.
    mutating func frame(_ message: SwimMessage) throws -> MembershipFrame {
        let signatures = try message.claims.map { claim in
            claim.node == swim.node ? try ownSignature(claim) : proofs[claim.node]?.signature ?? Data()
        }
        let fullSignatures = try message.claims.map { claim in
            guard claim.isFull else { return Data() }
            let proof = claim.node == swim.node ? try ownFullProof(claim.incarnation) : fullProofs[claim.node]
            return proof?.incarnation == claim.incarnation ? proof?.signature ?? Data() : Data()
        }
        return MembershipFrame(message, signatures: signatures, fullSignatures: fullSignatures)
    }

    private mutating func ownFullProof(_ incarnation: UInt64) throws -> FullProof {
        if let proof = ownFullProof, proof.incarnation == incarnation { return proof }
        let proof = try FullProof(key, network: network, incarnation: incarnation)
        ownFullProof = proof
        return proof
    }

    private mutating func ownSignature(_ claim: MemberClaim) throws -> Data {
        let isLeaving = claim.state == .left
        if let proof = ownProof, proof.incarnation == claim.incarnation, proof.isLeaving == isLeaving {
            return proof.signature
        }
        let proof = try IncarnationProof(
            key, network: network, incarnation: claim.incarnation, isLeaving: isLeaving)
        ownProof = proof
        return proof.signature
    }
}
