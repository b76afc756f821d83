public import Foundation
public import Identity

/// The proof that whoever registers a node holds its key: the key's signature over the network and the operator.
public enum NodePossession {
    private static let domain = Data("skerry 2026-11 node possession\n".utf8)

    /// Signs with the node's key for the account that will register it.
    public static func prove(_ nodeKey: SigningKey, operatorAccount: AccountID, network: NetworkID) throws -> Data {
        try nodeKey.sign(message(operatorAccount, network))
    }

    /// Whether `proof` is `nodeKey`'s for this operator and network.
    public static func verify(
        _ proof: Data, nodeKey: PublicKey, operatorAccount: AccountID, network: NetworkID
    ) -> Bool {
        nodeKey.isValidSignature(proof, for: message(operatorAccount, network))
    }

    private static func message(_ operatorAccount: AccountID, _ network: NetworkID) -> Data {
        domain + network.digest.data + operatorAccount.digest.data
    }
}
