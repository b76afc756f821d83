public import Identity

/// A node of the ledger, as far as finding providers is concerned.
public struct DiscoveryNode: Hashable, Sendable {
    /// The node's place in the keyspace.
    public let id: NodeID
    /// What the node's provider records are verified with.
    public let publicKey: PublicKey
    /// Who runs the node: replicas of a record go to distinct operators first.
    public let operatorID: AccountID
    /// What is likely to fail, or to be bought, together: `10.1` for an IPv4 address (its /16), the /32 of an IPv6
    /// address, or the domain of a host name.
    public let addressGroup: String

    /// A node as the ledger lists it.
    public init(id: NodeID, publicKey: PublicKey, operatorID: AccountID, addressGroup: String) {
        self.id = id
        self.publicKey = publicKey
        self.operatorID = operatorID
        self.addressGroup = addressGroup
    }
}
