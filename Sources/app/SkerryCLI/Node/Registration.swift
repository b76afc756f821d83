import Client
import ControlModel
import Foundation
import Identity
import Ledger

/// Brings a node onto the ledger and lets it take part; does only what is not done yet.
struct Registration {
    let client: LedgerClient
    let network: NetworkID
    /// The operator.
    let account: SigningKey
    let node: SigningKey
    let peer: Endpoint
    let gateway: Endpoint

    /// Carries out what is missing.
    ///
    /// - Parameters:
    ///   - stake: Units that the operator is willing to put at stake; without it none are.
    ///   - say: Takes a line for each step.
    /// - Returns: The node as the ledger has it then, and an entry that whoever sees the node must have applied.
    func run(stake: UInt64?, say: (String) -> Void) async throws -> (node: LedgerNodeInfo, sequence: UInt64) {
        let id = node.publicKey.node
        var sequence = try await client.head().sequence
        let submit = { (action: LedgerAction) in
            sequence = max(sequence, try await client.submit(action, key: account).sequence)
        }
        let present = try await client.node(id)
        try check(present)
        let wanted = try await neededStake(present, willing: stake)
        if let present {
            if present.peer != peer.description || present.gateway != gateway.description {
                try await submit(.updateNode(id, peer: peer, gateway: gateway))
                say("announced at \(peer)")
            }
        } else {
            let proof = try NodePossession.prove(
                node, operatorAccount: account.publicKey.account, network: network)
            try await submit(
                .registerNode(publicKey: node.publicKey, peer: peer, gateway: gateway, possessionProof: proof))
            say("registered node \(id)")
        }
        if wanted > 0 {
            try await submit(.stake(id, amount: wanted))
            say("staked \(Units.text(wanted))")
        }
        if present?.participating != true {
            try await submit(.optIn(id))
            say("opted in")
        }
        guard let record = try await client.node(id) else {
            throw CommandError(
                "The ledger took the node \(id), but the node that was asked does not show it; repeat the command")
        }
        return (record, sequence)
    }

    private func check(_ present: LedgerNodeInfo?) throws {
        guard let present, present.operatorAccount != account.publicKey.account.description else { return }
        throw CommandError(
            "The node \(present.id) belongs to the account \(present.operatorAccount); use its key file with --key")
    }

    /// What to add to the stake. Units are never staked unasked: the minimum is what one node says.
    private func neededStake(_ present: LedgerNodeInfo?, willing: UInt64?) async throws -> UInt64 {
        let minimum = try await client.parameters()["minimum_stake"] ?? 0
        let staked = present?.stake ?? 0
        guard staked < minimum || willing != nil else { return 0 }
        guard let willing, max(willing, staked) >= minimum else {
            throw CommandError(
                "The network wants at least \(Units.text(minimum)) at stake for a node; repeat the command with --stake "
                    + "\(minimum)")
        }
        return willing > staked ? willing - staked : 0
    }
}
