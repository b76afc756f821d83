import AckProofs
import Blake3
import Foundation
import Stark

@testable import Ledger

extension PoseidonLink {
    /// A link for each text.
    static func test(_ text: String) -> PoseidonLink {
        var bytes = Blake3.hash(Array(text.utf8)).bytes
        // Below 2^30, and so below the field's order.
        for place in stride(from: 3, to: 32, by: 4) { bytes[place] &= 0x3f }
        guard let link = PoseidonLink(bytes: bytes) else { preconditionFailure("words below 2^30 make a link") }
        return link
    }
}

/// A chain; `links[j]` acknowledges j units.
struct TestChain {
    let links: [PoseidonLink]

    var anchor: PoseidonLink { links[0] }

    init(_ seed: String, length: Int = 100) {
        var links = [PoseidonLink.test(seed)]
        for _ in 0..<length { links.append(links[links.count - 1].next()) }
        self.links = links.reversed()
    }
}

extension SettlementProofCheck {
    /// In place of proofs, hashes of all that a proof is bound to: quick, and as strict about what it is for.
    static let hashes = SettlementProofCheck { (proof, settlements, network) throws(LedgerError) in
        guard proof == hash(settlements, network) else {
            throw LedgerError(.badSettlement, "The settlement's proof is not valid")
        }
    }

    /// A verifier that is broken.
    static let none = SettlementProofCheck { (_, _, _) throws(LedgerError) in }

    static func hash(_ settlements: [Settlement], _ network: NetworkID) -> Data {
        var bytes = SettlementProof.context(network: network, settlements: settlements)
        for claim in SettlementProof.claims(of: settlements) {
            bytes += claim.from.bytes + claim.to.bytes
            withUnsafeBytes(of: claim.steps.littleEndian) { bytes += $0 }
        }
        return Data(Blake3.hash(bytes).bytes)
    }
}
