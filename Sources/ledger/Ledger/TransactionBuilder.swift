public import Foundation
public import Identity
import Wire

/// Makes the transactions of one signer on one network.
public struct TransactionBuilder: Sendable {
    /// As what the key signs.
    public enum Role: Sendable { case account, node }

    public let networkID: NetworkID
    public let role: Role
    private let key: SigningKey

    public init(networkID: NetworkID, key: SigningKey, as role: Role = .account) {
        self.networkID = networkID
        self.key = key
        self.role = role
    }

    /// The signer that the transactions carry.
    public var signer: Signer {
        switch role {
        case .account: .account(key.publicKey.account)
        case .node: .node(key.publicKey.node)
        }
    }

    /// Builds and signs.
    ///
    /// - Parameters:
    ///   - nonce: One more than the signer's last, which ``LedgerState/nonce(of:)`` tells.
    ///   - validUntilMilliseconds: After this ledger time the transaction is refused; milliseconds since 1970. Set it
    ///     where a late success would be worse than none.
    /// - Throws: ``LedgerError`` if a field cannot be right, or what the key's library throws.
    public func sign(
        _ action: LedgerAction, nonce: UInt64, validUntilMilliseconds: Int64? = nil
    ) throws -> SignedTransaction {
        var body = LedgerPBTransactionBody()
        body.networkID = networkID.digest.data
        switch role {
        case .account: body.signerKind = .account
        case .node: body.signerKind = .node
        }
        body.nonce = nonce
        if let validUntilMilliseconds { body.validUntilMs = validUntilMilliseconds }
        body.action = action.message
        return try SignedTransaction(signing: body, with: key)
    }

    /// Registers the node of `nodeKey` with this account as its operator.
    ///
    /// - Parameter admissionEvidence: What the network's door asks for, at most
    ///   ``NodeRecord/maxAdmissionEvidenceBytes``; nothing for most.
    public func registerNode(
        _ nodeKey: SigningKey, peer: Endpoint, gateway: Endpoint?, capacity: NodeCapacity = NodeCapacity(),
        admissionEvidence: Data = Data(), nonce: UInt64
    ) throws -> SignedTransaction {
        let proof = try NodePossession.prove(nodeKey, operatorAccount: key.publicKey.account, network: networkID)
        let action = LedgerAction.registerNode(
            publicKey: nodeKey.publicKey, peer: peer, gateway: gateway, possessionProof: proof, capacity: capacity,
            admissionEvidence: admissionEvidence)
        return try sign(action, nonce: nonce)
    }
}
