public import Blake3
public import Identity

/// The ledger after some entry: who is a node, who owns what, which release is live.
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

    var chain: ChainState
    var accountTable = MerkleTable<AccountRecord>()
    var nodeTable = MerkleTable<NodeRecord>()
    var nameTable = MerkleTable<NameRecord>()
    var releaseTable = MerkleTable<ReleaseRecord>()
    var domainTable = MerkleTable<DomainRecord>()
    var channelTable = MerkleTable<ChannelRecord>()
    var allowedTable = MerkleTable<AllowedMember>()
    var anchorTable = MerkleTable<AnchorRecord>()
    var faultTable = MerkleTable<FaultRecord>()
    var reportTable = MerkleTable<ReportRecord>()
    var auditTable = MerkleTable<AuditRecord>()
    var leaseTable = MerkleTable<MachineLease>()

    /// How settlement proofs are verified; another one only in tests.
    var proofCheck = SettlementProofCheck.stark

    // What follows from the rest and is no part of the root; ``restoreDerived()`` makes it again.

    /// The nodes that the present epoch counts with.
    var roster = EpochRoster()
    /// The checkpoint of the last entry, if that entry is one.
    public internal(set) var checkpoint: Checkpoint?
    /// Certificates that the entry in progress recorded.
    var certificatesInEntry: UInt64 = 0

    /// The state from which a network starts.
    public init(genesis: Genesis) {
        self.genesis = genesis
        timeMilliseconds = genesis.timeMilliseconds
        headHash = genesis.networkID.digest
        let (committee, origin) = (Committee(genesis: genesis), genesis.networkID.digest)
        chain = ChainState(
            parameters: genesis.parameters,
            epoch: EpochState(
                roundStartMilliseconds: genesis.timeMilliseconds,
                lengthMilliseconds: genesis.parameters.epochMilliseconds, seed: origin, anchor: origin,
                committee: committee),
            checkpoints: CheckpointBook(
                lastMilliseconds: genesis.timeMilliseconds, lastNextCommittee: committee.hash, certifiedHash: origin))
        for account in genesis.accounts {
            var record = AccountRecord(account.id)
            record.balance = account.balance
            accountTable.put(record)
            chain.supply += account.balance
        }
        for node in genesis.nodes {
            var record = account(node.operatorAccount) ?? AccountRecord(node.operatorAccount)
            record.nodeCount += 1
            accountTable.put(record)
            nodeTable.put(
                NodeRecord(
                    id: node.publicKey.node, publicKey: node.publicKey, operatorAccount: node.operatorAccount,
                    peer: node.peer, gateway: node.gateway, registeredSequence: 0, stake: node.stake,
                    participation: .since(epoch: 0)))
            chain.supply += node.stake
        }
        enrol()
    }

    /// The network that this is the state of.
    public var networkID: NetworkID { genesis.networkID }

    /// What holds for everyone now.
    public var parameters: NetworkParameters { chain.parameters }

    // MARK: Views

    /// Fees and penalties that the network took in, in units.
    public var treasury: UInt64 { chain.treasury }

    /// All units there are: balances, stakes, what is unstaking, channels' deposits and the treasury.
    public var supply: UInt64 { chain.supply }

    /// The account of this id.
    public func account(_ id: AccountID) -> AccountRecord? { accountTable[id.digest] }

    /// The number of accounts.
    public var accountCount: Int { accountTable.count }

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

    /// A bound domain.
    public func domain(_ domain: DomainName) -> DomainRecord? { domainTable[DomainRecord.path(domain)] }

    /// All bound domains in ascending order; sorts at each call.
    public var domains: [DomainRecord] { domainTable.rows.sorted { $0.domain < $1.domain } }

    /// An open channel. A closed one is gone.
    public func channel(_ id: ChannelID) -> ChannelRecord? { channelTable[ChannelRecord.path(id)] }

    /// All open channels in ascending order of their ids; sorts at each call.
    public var channels: [ChannelRecord] { channelTable.rows.sorted { $0.id < $1.id } }

    /// Whether the allowlist has the account or node of this id.
    public func isAllowed(_ id: Digest) -> Bool { allowedTable[AllowedMember.path(id)] != nil }

    /// The nonce of the signer's last applied transaction; the next one carries one more. 0 for an unknown signer.
    public func nonce(of signer: Signer) -> UInt64 {
        switch signer {
        case .account(let id): account(id)?.nonce ?? 0
        case .node(let id): node(id)?.nonce ?? 0
        }
    }
}
