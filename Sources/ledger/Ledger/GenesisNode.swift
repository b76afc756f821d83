public import Identity

/// A node that takes part from the beginning.
public struct GenesisNode: Hashable, Sendable {
    /// The node's key; its id is the key's hash.
    public var publicKey: PublicKey
    /// The account that operates the node. It need not be listed among the genesis accounts.
    public var operatorAccount: AccountID
    /// Where peers dial.
    public var peer: Endpoint
    /// Where visitors are served, if the node has a gateway.
    public var gateway: Endpoint?
    /// Units at stake from the beginning; they come from nowhere else.
    public var stake: UInt64

    public init(
        publicKey: PublicKey, operatorAccount: AccountID, peer: Endpoint, gateway: Endpoint? = nil, stake: UInt64 = 0
    ) {
        self.publicKey = publicKey
        self.operatorAccount = operatorAccount
        self.peer = peer
        self.gateway = gateway
        self.stake = stake
    }
}
