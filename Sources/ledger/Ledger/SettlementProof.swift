public import AckProofs
import Blake3
public import Foundation

/// What the one proof of a transaction says: that each proven link is as far behind its settled one as the settlement
/// claims.
public enum SettlementProof {
    private static let domain = Array("skerry 2026-11 settlement proof\n".utf8)

    /// The claims of all settlements with a proven link, in their order.
    public static func claims(of settlements: [Settlement]) -> [AckClaim] {
        settlements.compactMap { settlement in
            guard case .proof(let from, let link, let steps) = settlement.lane else { return nil }
            return AckClaim(from: from, to: link, steps: steps)
        }
    }

    /// What a proof is bound to besides its claims: domain ‖ network ‖ for each claim its channel and commodity (32, 32
    /// and 1 bytes behind the domain). So it settles these chains of this network and nothing else.
    public static func context(network: NetworkID, settlements: [Settlement]) -> [UInt8] {
        var encoder = RowEncoder(domain)
        encoder.append(network.digest)
        for settlement in settlements {
            guard case .proof = settlement.lane else { continue }
            encoder.append(settlement.channel.digest)
            encoder.append(settlement.commodity.code)
        }
        return encoder.bytes
    }

    /// Verifies the proof of a transaction's settlements. Any bytes are allowed.
    ///
    /// - Throws: `.badSettlement` with what the verifier says.
    public static func verify(
        _ proof: Data, of settlements: [Settlement], network: NetworkID
    ) throws(LedgerError) {
        do {
            try AckProof.verify(
                [UInt8](proof), of: claims(of: settlements),
                context: context(network: network, settlements: settlements))
        } catch {
            throw LedgerError(.badSettlement, "The settlement's proof is not valid: \(error)")
        }
    }
}
