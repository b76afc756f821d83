import Blake3
public import Identity

/// An account on the ledger.
public struct AccountRecord: Hashable, Sendable {
    public let id: AccountID
    /// The nonce of the account's last applied transaction; 0 before the first.
    public internal(set) var nonce: UInt64 = 0
    /// Units that the account may spend.
    public internal(set) var balance: UInt64 = 0
    // The counts are at most a million each. With 32 bits a leaf of the tree fills two cache lines.
    private var names: UInt32 = 0
    private var nodes: UInt32 = 0
    private var channels: UInt32 = 0

    /// Names that the account owns.
    public internal(set) var nameCount: UInt64 {
        get { UInt64(names) }
        set { names = UInt32(clamping: newValue) }
    }
    /// Nodes that the account operates.
    public internal(set) var nodeCount: UInt64 {
        get { UInt64(nodes) }
        set { nodes = UInt32(clamping: newValue) }
    }
    /// Channels that the account opened and that are not closed.
    public internal(set) var channelCount: UInt64 {
        get { UInt64(channels) }
        set { channels = UInt32(clamping: newValue) }
    }

    init(_ id: AccountID) { self.id = id }
}

extension AccountRecord: MerkleRow {
    static var table: UInt8 { 1 }

    var path: Digest { id.digest }

    func encode(into encoder: inout RowEncoder) {
        // Together, which takes as long as one: most rows that change are accounts.
        let numbers = (
            nonce.bigEndian, balance.bigEndian, nameCount.bigEndian, nodeCount.bigEndian, channelCount.bigEndian
        )
        withUnsafeBytes(of: numbers) { encoder.append(contentsOf: $0) }
    }
}
