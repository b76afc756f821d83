public import Blake3

/// What a committee signs: the ledger after one entry.
public struct Checkpoint: Hashable, Sendable {
    public let networkID: NetworkID
    public let sequence: UInt64
    /// The hash of that entry's header.
    public let entryHash: Digest
    /// The state root after that entry.
    public let stateRoot: Digest
    public let epoch: UInt64
    /// The hash of the committee that signs.
    public let committee: Digest
    /// The hash of the committee that signs from then on.
    public let nextCommittee: Digest

    public init(
        networkID: NetworkID, sequence: UInt64, entryHash: Digest, stateRoot: Digest, epoch: UInt64,
        committee: Digest, nextCommittee: Digest
    ) {
        self.networkID = networkID
        self.sequence = sequence
        self.entryHash = entryHash
        self.stateRoot = stateRoot
        self.epoch = epoch
        self.committee = committee
        self.nextCommittee = nextCommittee
    }

    /// The hash of ``bytes``, by which the ledger remembers it.
    public var hash: Digest { LedgerHash.checkpoint(bytes) }
}
