/// A node as the ledger has it: `GET /api/v1/nodes/<id>`.
public struct LedgerNodeInfo: Codable, Sendable, Equatable {
    /// Stake on its way back to the operator.
    public struct Unstaking: Codable, Sendable, Equatable {
        /// In units.
        public var amount: UInt64
        /// The epoch from which it may be withdrawn.
        public var releaseEpoch: UInt64

        public init(amount: UInt64, releaseEpoch: UInt64) {
            self.amount = amount
            self.releaseEpoch = releaseEpoch
        }
    }

    /// What the operator says that the node offers; 0 for what it does not say.
    public struct Capacity: Codable, Sendable, Equatable {
        public var storageBytes: UInt64
        public var memoryBytes: UInt64
        /// Thousandths of a core.
        public var cpuMillis: UInt64
        public var bandwidthBytesPerSecond: UInt64

        public init(storageBytes: UInt64, memoryBytes: UInt64, cpuMillis: UInt64, bandwidthBytesPerSecond: UInt64) {
            self.storageBytes = storageBytes
            self.memoryBytes = memoryBytes
            self.cpuMillis = cpuMillis
            self.bandwidthBytesPerSecond = bandwidthBytesPerSecond
        }
    }

    /// 64 hexadecimal digits.
    public var id: String
    /// The account that operates it.
    public var operatorAccount: String
    /// `host:port` of its peer protocol.
    public var peer: String
    /// `host:port` of its gateway, if it has one.
    public var gateway: String?
    /// The nonce of the last transaction that the node itself signed.
    public var nonce: UInt64
    /// Units at stake.
    public var stake: UInt64
    public var unstaking: [Unstaking]
    /// Whether it takes part.
    public var participating: Bool
    /// The epoch since which it does.
    public var participatingSinceEpoch: UInt64?
    /// The first epoch in which it may take part again, if it is barred.
    public var barredUntilEpoch: UInt64?
    /// 0 to 1.
    public var reputation: Double
    /// Whether it signs checkpoints now.
    public var inCommittee: Bool
    /// The entry that brought it in; 0 is the genesis.
    public var registeredSequence: UInt64
    /// Nil if the operator says nothing.
    public var capacity: Capacity?
    /// The BLAKE3 digest of what the node showed when it registered, 64 hexadecimal digits; nil if it showed nothing.
    public var admissionEvidence: String?

    public init(
        id: String, operatorAccount: String, peer: String, gateway: String?, nonce: UInt64, stake: UInt64,
        unstaking: [Unstaking], participating: Bool, participatingSinceEpoch: UInt64?, barredUntilEpoch: UInt64?,
        reputation: Double, inCommittee: Bool, registeredSequence: UInt64, capacity: Capacity? = nil,
        admissionEvidence: String? = nil
    ) {
        self.id = id
        self.operatorAccount = operatorAccount
        self.peer = peer
        self.gateway = gateway
        self.nonce = nonce
        self.stake = stake
        self.unstaking = unstaking
        self.participating = participating
        self.participatingSinceEpoch = participatingSinceEpoch
        self.barredUntilEpoch = barredUntilEpoch
        self.reputation = reputation
        self.inCommittee = inCommittee
        self.registeredSequence = registeredSequence
        self.capacity = capacity
        self.admissionEvidence = admissionEvidence
    }
}

/// One page of the ledger's nodes in order of their ids: `GET /api/v1/nodes`.
public struct LedgerNodeList: Codable, Sendable, Equatable {
    /// Nodes in one answer at most.
    public static let maxCount = 1_000

    public var nodes: [LedgerNodeInfo]
    /// What `after` of the next request says; nil on the last page.
    public var next: String?

    public init(nodes: [LedgerNodeInfo], next: String?) {
        self.nodes = nodes
        self.next = next
    }
}
