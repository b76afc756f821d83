/// What holds for everyone on a network; governors may change it. All limits are inclusive.
public struct NetworkParameters: Hashable, Sendable {
    /// The largest transaction in bytes. Default 65,536; 1,024 to ``SignedTransaction/maxPlainByteCount``.
    public var transactionBytes: UInt32 = 65_536

    /// Releases of a name that stay on the ledger; the oldest that is neither live nor next in line for a roll-back
    /// is dropped. Default 32; 3 to 1,024. More lets people roll back further and keeps more blobs alive.
    public var releasesKeptPerName: UInt32 = 32

    /// Names that one account may own. Default 1,000.
    public var namesPerAccount: UInt32 = 1_000

    /// Nodes that one account may operate. Default 1,000.
    public var nodesPerAccount: UInt32 = 1_000

    /// The largest settings of a release in bytes. Default 16,384.
    public var settingsBytes: UInt32 = 16_384

    /// The largest manifest blob in bytes. Default 16 MiB.
    public var manifestBytes: UInt64 = 16 << 20

    /// Copies of each blob of a live release that the network aims for. Default 2; 1 to 64.
    public var replicas: UInt32 = 2

    /// Whether an unknown key becomes an account with its first applied transaction. Default false: only the genesis
    /// brings accounts. Set it where strangers may join.
    public var openAccounts = false

    /// Accounts at most. Default 10,000,000.
    public var accounts: UInt64 = 10_000_000

    /// Which nodes may register. Default open.
    public var door = AdmissionDoor.open

    /// Units that a participating node must have at stake. Default 0.
    public var minimumStake: UInt64 = 0

    /// Units that each applied transaction of an account costs; they go to the treasury. Default 0.
    public var transactionFee: UInt64 = 0

    /// Units that claiming a name costs; they go to the treasury. Default 0.
    public var nameFee: UInt64 = 0

    /// Domains that may be bound to a name. Default 100.
    public var domainsPerName: UInt32 = 100

    /// Epochs from Unstake or OptOut until stake may be withdrawn. Default 24; 1 to 100,000.
    public var unstakeLockEpochs: UInt32 = 24

    /// The length of an epoch, and of each restart of its beacon, in milliseconds; a change holds from the next one that
    /// begins. Default an hour; 1,000 and more.
    public var epochMilliseconds: UInt64 = 3_600_000

    /// Members of a committee that is drawn. Default 150; 4 to 1,000.
    public var committeeSize: UInt32 = 150

    /// Up to so many eligible nodes, all of them are the committee. Default 100; 4 to 1,000.
    public var wholeCommitteeUpTo: UInt32 = 100

    /// How often the beacon starts again when a node that committed does not reveal. Default 3; 0 to 16.
    public var beaconRestarts: UInt32 = 3

    /// Epochs for which such a node is barred. Default 3.
    public var barredEpochs: UInt32 = 3

    /// Units that such a node loses. Default 0.
    public var beaconPenalty: UInt64 = 0

    /// Thousandths of its stake that a node loses for a proven fault. Default 1,000.
    public var faultPenaltyPermille: UInt32 = 1_000

    /// Entries after which a checkpoint is due. Default 1,000.
    public var checkpointEntries: UInt64 = 1_000

    /// Milliseconds after which a checkpoint is due. Default 60,000.
    public var checkpointMilliseconds: UInt64 = 60_000

    /// Milliseconds from the payer's CloseChannel, or from the channel's expiry, until the refund: the payee settles
    /// meanwhile. Default a day; it may be set to ``leastChannelGraceMilliseconds`` and more.
    public var channelGraceMilliseconds: UInt64 = 86_400_000

    /// Links that the ledger hashes again for one revealed one. Default 8,192; up to 1,048,576.
    public var channelStepsPerReveal: UInt64 = 8_192

    /// Observers of each node. Default 32.
    public var observersPerNode: UInt32 = 32

    /// Bytes that a settlement with a proof may have beyond ``transactionBytes``; 0 switches the proof lane off, and then
    /// links and vouchers carry everything. A proven false settlement sets it to 0. Default 327,680: 1,000 channels and
    /// a proof of 250 KB.
    public var settlementBytes: UInt32 = 327_680

    /// Whether nodes pay each other for blocks and calls; otherwise they get everything for nothing, unless an operator
    /// says otherwise of its node. Default false. The ledger itself pays nobody for it: nodes go by it.
    public var nodesPay = false

    /// Units of 128 KiB that each peer who pays gets in an epoch before it does: payers that are no nodes, and nodes where
    /// they pay. Default 0; up to 2^40.
    public var freeUnits: UInt64 = 0

    /// The shortest ``channelGraceMilliseconds`` that may be set: what a payee needs to prove a batch and to get it onto the
    /// ledger while the lead there goes from one node to another. Only a genesis may have less.
    public static let leastChannelGraceMilliseconds: UInt64 = 60_000

    /// More units than this there never are.
    public static let maxUnits = UInt64(Int64.max)

    /// The longest message of a release in bytes of UTF-8, in every network.
    public static let messageByteCount = 1_024

    /// The defaults.
    public init() {}
}
