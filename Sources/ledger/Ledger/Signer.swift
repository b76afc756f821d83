public import Identity

/// Who signed a transaction: the same key can be an account and a node, each with its own nonce.
public enum Signer: Hashable, Sendable, CustomStringConvertible {
    case account(AccountID)
    case node(NodeID)

    public var description: String {
        switch self {
        case .account(let id): "account \(id)"
        case .node(let id): "node \(id)"
        }
    }
}
