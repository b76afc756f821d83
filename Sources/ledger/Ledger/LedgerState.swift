public import Blake3
public import Identity

/// The ledger after some entry: who is a node, who owns a name, which release is live.
///
/// A value: a copy costs a few references and stays as it is while the original moves on. Equal histories give equal
/// roots on every machine; nothing here reads a clock, a locale, or the order of a dictionary.
public struct LedgerState: Sendable {
    public let genesis: Genesis
    /// The last entry's sequence; 0 is the genesis.
    public internal(set) var sequence: UInt64 = 0
    /// The last entry's time in milliseconds since 1970-01-01T00:00:00Z.
    public internal(set) var timeMilliseconds: Int64
    /// The hash of the last entry's header; the network id at sequence 0.
    public internal(set) var headHash: Digest

    var accountTable = MerkleTable<AccountRecord>()
    var nodeTable = MerkleTable<NodeRecord>()
    var nameTable = MerkleTable<NameRecord>()
    var releaseTable = MerkleTable<ReleaseRecord>()

    /// The state from which a network starts.
    public init(genesis: Genesis) {
        self.genesis = genesis
        timeMilliseconds = genesis.timeMilliseconds
        headHash = genesis.networkID.digest
        for account in genesis.accounts { accountTable.put(AccountRecord(account)) }
        for node in genesis.nodes {
            var record = account(node.operatorAccount) ?? AccountRecord(node.operatorAccount)
            record.nodeCount += 1
            accountTable.put(record)
            nodeTable.put(
                NodeRecord(
                    id: node.publicKey.node, publicKey: node.publicKey, operatorAccount: node.operatorAccount,
                    peer: node.peer, gateway: node.gateway, registeredSequence: 0))
        }
    }

    /// The network that this is the state of.
    public var networkID: NetworkID { genesis.networkID }

    /// What the network fixed in its genesis.
    public var parameters: NetworkParameters { genesis.parameters }

    /// The Merkle root over the network, the sequence, the time and every table's number, row count and root.
    public var root: Digest {
        var encoder = RowEncoder()
        encoder.append(networkID.digest)
        encoder.append(sequence)
        encoder.append(timeMilliseconds)
        func append<Row>(_ table: MerkleTable<Row>) {
            encoder.append(Row.table)
            encoder.append(count: table.count)
            encoder.append(table.root)
        }
        append(accountTable)
        append(nodeTable)
        append(nameTable)
        append(releaseTable)
        return LedgerHash.stateRoot(encoder.bytes)
    }

    // MARK: Views

    /// The account of this id.
    public func account(_ id: AccountID) -> AccountRecord? { accountTable[id.digest] }

    /// All accounts in ascending order of their ids.
    public var accounts: [AccountRecord] { accountTable.rows }

    /// The node of this id.
    public func node(_ id: NodeID) -> NodeRecord? { nodeTable[id.digest] }

    /// All nodes in ascending order of their ids.
    public var nodes: [NodeRecord] { nodeTable.rows }

    /// A claimed name.
    public func name(_ name: AppName) -> NameRecord? { nameTable[NameRecord.path(name)] }

    /// All claimed names in ascending order; sorts at each call.
    public var names: [NameRecord] { nameTable.rows.sorted { $0.name < $1.name } }

    /// A release that the ledger keeps.
    public func release(_ id: ReleaseID, of name: AppName) -> ReleaseRecord? {
        releaseTable[ReleaseRecord.path(name, id)]
    }

    /// The releases that the ledger keeps of a name, oldest first; empty for a name that nobody claimed.
    public func releases(of name: AppName) -> [ReleaseRecord] {
        self.name(name)?.releases.compactMap { release($0, of: name) } ?? []
    }

    /// The release that visitors of a name get.
    public func liveRelease(of name: AppName) -> ReleaseRecord? {
        self.name(name)?.live.flatMap { release($0, of: name) }
    }

    /// The nonce of the signer's last applied transaction; the next one carries one more. 0 for an unknown signer.
    public func nonce(of signer: Signer) -> UInt64 {
        switch signer {
        case .account(let id): account(id)?.nonce ?? 0
        case .node(let id): node(id)?.nonce ?? 0
        }
    }
}
