import Foundation
import Identity

extension LedgerState {
    mutating func registerNode(
        _ key: PublicKey, peer: Endpoint, gateway: Endpoint?, proof: Data, operatorAccount: AccountID
    ) throws(LedgerError) {
        let id = key.node
        guard node(id) == nil else {
            throw LedgerError(.nodeExists, "The node \(id.short) is registered already; its operator may update it")
        }
        var record = account(operatorAccount) ?? AccountRecord(operatorAccount)
        guard record.nodeCount < UInt64(parameters.nodesPerAccount) else {
            throw LedgerError(.limitReached, "The account operates \(record.nodeCount) nodes; it may operate no more")
        }
        let isProven = NodePossession.verify(
            proof, nodeKey: key, operatorAccount: operatorAccount, network: networkID)
        guard isProven else {
            throw LedgerError(
                .notAuthorised,
                "The proof that the operator holds the key of node \(id.short) is not valid; make it anew")
        }
        record.nodeCount += 1
        accountTable.put(record)
        nodeTable.put(
            NodeRecord(
                id: id, publicKey: key, operatorAccount: operatorAccount, peer: peer, gateway: gateway,
                registeredSequence: sequence &+ 1))
    }

    mutating func updateNode(
        _ id: NodeID, peer: Endpoint, gateway: Endpoint?, signer: Signer
    ) throws(LedgerError) {
        guard var record = node(id) else {
            throw LedgerError(.unknownNode, "No node \(id) is registered; register it first")
        }
        guard signer == .node(id) || signer == .account(record.operatorAccount) else {
            throw LedgerError(
                .notAuthorised,
                "Only the node \(id.short) itself or its operator \(record.operatorAccount) may change it")
        }
        record.peer = peer
        record.gateway = gateway
        nodeTable.put(record)
    }
}
