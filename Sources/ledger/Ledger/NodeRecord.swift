import Blake3
public import Identity

/// A node on the ledger.
public struct NodeRecord: Hashable, Sendable {
    public let id: NodeID
    public let publicKey: PublicKey
    /// The account that registered the node and may change it.
    public let operatorAccount: AccountID
    /// Where peers dial.
    public internal(set) var peer: Endpoint
    /// Where visitors are served, if the node has a gateway.
    public internal(set) var gateway: Endpoint?
    /// The nonce of the last applied transaction that the node itself signed; 0 before the first.
    public internal(set) var nonce: UInt64 = 0
    /// The entry that brought the node in; 0 is the genesis.
    public let registeredSequence: UInt64
}

extension NodeRecord: MerkleRow {
    static var table: UInt8 { 2 }

    var path: Digest { id.digest }

    func encode(into encoder: inout RowEncoder) {
        encoder.append(publicKey.bytes)
        encoder.append(operatorAccount.digest)
        encoder.append(peer)
        encoder.append(gateway)
        encoder.append(nonce)
        encoder.append(registeredSequence)
    }
}
