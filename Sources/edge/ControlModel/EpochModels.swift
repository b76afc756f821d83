/// The present epoch: `GET /api/v1/epochs`.
public struct EpochInfo: Codable, Sendable, Equatable {
    /// One of a committee.
    public struct Member: Codable, Sendable, Equatable {
        /// The node's id, 64 hexadecimal digits.
        public var node: String
        /// What its signature counts: its stake, at least 1.
        public var weight: UInt64

        public init(node: String, weight: UInt64) {
            self.node = node
            self.weight = weight
        }
    }

    /// 0 begins with the genesis.
    public var number: UInt64
    /// Restarts of the beacon in this epoch.
    public var round: UInt32
    /// `commit`, `reveal`, or `due` once the epoch may be ended; by the ledger's time.
    public var phase: String
    /// When the round began; milliseconds since 1970.
    public var roundStartMilliseconds: Int64
    /// The length of a round, half of it for commits and half for reveals.
    public var lengthMilliseconds: UInt64
    /// The ledger's time, which is that of its last entry.
    public var timeMilliseconds: Int64
    /// What assigns work in this epoch, 64 hexadecimal digits.
    public var seed: String
    /// Nodes that committed to a share of the next seed.
    public var committed: [String]
    /// Nodes that revealed it.
    public var revealed: [String]
    /// Who signs checkpoints now.
    public var committee: [Member]
    public var committeeHash: String
    /// Who will, once the present committee has signed the hand-over; nil if nothing changes.
    public var pendingCommittee: [Member]?
    public var pendingCommitteeHash: String?
    /// Nil until a committee signed a state that this node still knows.
    public var certified: CertifiedInfo?

    public init(
        number: UInt64, round: UInt32, phase: String, roundStartMilliseconds: Int64, lengthMilliseconds: UInt64,
        timeMilliseconds: Int64, seed: String, committed: [String], revealed: [String], committee: [Member],
        committeeHash: String, pendingCommittee: [Member]?, pendingCommitteeHash: String?, certified: CertifiedInfo?
    ) {
        self.number = number
        self.round = round
        self.phase = phase
        self.roundStartMilliseconds = roundStartMilliseconds
        self.lengthMilliseconds = lengthMilliseconds
        self.timeMilliseconds = timeMilliseconds
        self.seed = seed
        self.committed = committed
        self.revealed = revealed
        self.committee = committee
        self.committeeHash = committeeHash
        self.pendingCommittee = pendingCommittee
        self.pendingCommitteeHash = pendingCommitteeHash
        self.certified = certified
    }
}

/// What holds for everyone on the network: `GET /api/v1/parameters`.
public struct ParameterList: Codable, Sendable, Equatable {
    /// One of them.
    public struct Parameter: Codable, Sendable, Equatable {
        /// As ChangeParameter takes it, for example `epoch_ms`.
        public var name: String
        /// Switches are 0 or 1; the door is 1 (open), 2 (allowlist) or 3 (attested).
        public var value: UInt64

        public init(name: String, value: UInt64) {
            self.name = name
            self.value = value
        }
    }

    public var networkName: String
    public var network: String
    /// Whether governors may make units out of nothing.
    public var isDevelopment: Bool
    /// The accounts that may change parameters.
    public var governors: [String]
    /// The nodes that may order transactions.
    public var sequencers: [String]
    /// All units there are.
    public var supply: UInt64
    /// Units from fees and penalties.
    public var treasury: UInt64
    public var parameters: [Parameter]

    public init(
        networkName: String, network: String, isDevelopment: Bool, governors: [String], sequencers: [String],
        supply: UInt64, treasury: UInt64, parameters: [Parameter]
    ) {
        self.networkName = networkName
        self.network = network
        self.isDevelopment = isDevelopment
        self.governors = governors
        self.sequencers = sequencers
        self.supply = supply
        self.treasury = treasury
        self.parameters = parameters
    }

    /// The value of a parameter; nil if the network does not know it.
    public subscript(_ name: String) -> UInt64? { parameters.first { $0.name == name }?.value }
}
