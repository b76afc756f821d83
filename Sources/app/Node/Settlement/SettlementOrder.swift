import Files
import Foundation
import Identity
import Ledger

/// Settlements that are ready to be signed and submitted: their links are hashed, and proven where that is their lane.
///
/// A proof is kept in a file until the ledger has it, so that neither a ledger that is away nor a restart makes this node prove
/// it again: it is bound to its claims and its network, and to no nonce.
struct SettlementOrder: Sendable, Equatable {
    let settlements: [Settlement]
    /// Empty unless they are proven.
    let proof: Data

    /// As metrics and logs call it.
    var lane: String {
        if !proof.isEmpty { return "proof" }
        if case .voucher? = settlements.first?.lane { return "voucher" }
        return "reveal"
    }

    /// Of all links.
    var steps: UInt64 {
        settlements.reduce(0) { sum, settlement in
            switch settlement.lane {
            case .reveal(_, let steps), .proof(_, _, let steps): sum &+ steps
            case .voucher: sum
            }
        }
    }

    init(settlements: [Settlement], proof: Data = Data()) {
        self.settlements = settlements
        self.proof = proof
    }

    /// What the file keeps; nil if there is none, or none of this node and network.
    init?(reading path: String, network: NetworkID, node: NodeID) {
        guard let bytes = FileManager.default.contents(atPath: path),
            let transaction = try? SignedTransaction(decoding: bytes), transaction.networkID == network,
            transaction.signer == .node(node), case .settleChannels(let settlements, let proof) = transaction.action,
            !proof.isEmpty
        else { return nil }
        self.init(settlements: settlements, proof: proof)
    }

    /// Whether one of the proven links at least goes on where the ledger is.
    func mayPay(_ state: LedgerState) -> Bool {
        settlements.contains { settlement in
            guard case .proof(let from, _, _) = settlement.lane, let channel = state.channel(settlement.channel) else {
                return false
            }
            return channel.chains.contains { $0.commodity == settlement.commodity && $0.link == from }
        }
    }

    /// Keeps the order: as the transaction that was, or would be, submitted. Durable when this returns.
    func write(_ transaction: SignedTransaction, to path: String) throws {
        try DurableFile.replace(path, with: [UInt8](transaction.bytes))
    }
}
