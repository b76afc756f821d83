/// What a node says about itself: `GET /api/v1/node`.
public struct NodeStatus: Codable, Sendable, Equatable {
    /// What the node knows of another node.
    public struct Peer: Codable, Sendable, Equatable {
        /// 64 hexadecimal digits.
        public var id: String
        /// `host:port` of its peer protocol, as the ledger has it.
        public var peer: String
        /// Whether a connection to it is open.
        public var connected: Bool
        /// What this node believes: `alive`, `suspect`, `dead`, `left` or `unknown`.
        public var state: String
        /// Measured, or estimated from network coordinates; nil while nothing is known.
        public var roundTripMilliseconds: Double?
        /// Verified bytes of blobs that came from it since this node started.
        public var receivedBytes: Int
        /// Bytes of blobs sent to it since this node started.
        public var sentBytes: Int
        /// Blocks that it sent and that were not what it claimed.
        public var badBlocks: Int

        public init(
            id: String, peer: String, connected: Bool, state: String, roundTripMilliseconds: Double?,
            receivedBytes: Int, sentBytes: Int, badBlocks: Int
        ) {
            self.id = id
            self.peer = peer
            self.connected = connected
            self.state = state
            self.roundTripMilliseconds = roundTripMilliseconds
            self.receivedBytes = receivedBytes
            self.sentBytes = sentBytes
            self.badBlocks = badBlocks
        }
    }

    /// How far the node's ledger is.
    public struct Ledger: Codable, Sendable, Equatable {
        /// The highest entry applied.
        public var sequence: UInt64
        /// The state root after it: equal on every node at the same sequence.
        public var root: String
        /// Whether this node orders transactions.
        public var sequencer: Bool
        /// The node that does, as far as this one knows.
        public var leader: String?
        public var epoch: UInt64
        /// The last entry that a recorded certificate covers; 0 is the genesis.
        public var certified: UInt64
        /// What keeps the log: `sqlite`, or `etcd` for a log that several nodes share.
        public var engine: String
        /// Why the ledger halted, if it did.
        public var failure: String?

        public init(
            sequence: UInt64, root: String, sequencer: Bool, leader: String? = nil, epoch: UInt64 = 0,
            certified: UInt64 = 0, engine: String = "sqlite", failure: String? = nil
        ) {
            self.sequence = sequence
            self.root = root
            self.sequencer = sequencer
            self.leader = leader
            self.epoch = epoch
            self.certified = certified
            self.engine = engine
            self.failure = failure
        }
    }

    /// 64 hexadecimal digits.
    public var id: String
    /// The hash of the genesis, 64 hexadecimal digits.
    public var network: String
    public var version: String
    /// Base URL of the gateway.
    public var gateway: String
    /// `host:port` of the peer protocol.
    public var peer: String
    /// Base URL of this API.
    public var control: String
    /// The node's data folder.
    public var data: String
    public var pid: Int32
    /// Whether the node serves all that it should; else ``detail`` says what is missing.
    public var ready: Bool
    public var detail: String
    public var ledger: Ledger
    public var peers: [Peer]
    public var blobCount: Int
    public var blobBytes: Int
    /// What clients pay it; nil from a node of an older version.
    public var earnings: EarningsInfo?
    /// What it pays others; nil from a node of an older version.
    public var spending: SpendingInfo?
    /// Apps whose values it still has to hand over to other nodes; nil from a node of an older version.
    public var appsToHandOver: Int?
    /// What the operator should look at although the node serves, such as a full disk; nil from a node of an older version.
    public var warnings: [String]?

    public init(
        id: String, network: String, version: String, gateway: String, peer: String, control: String, data: String,
        pid: Int32, ready: Bool, detail: String, ledger: Ledger, peers: [Peer], blobCount: Int, blobBytes: Int,
        earnings: EarningsInfo? = nil, spending: SpendingInfo? = nil, appsToHandOver: Int? = nil,
        warnings: [String]? = nil
    ) {
        self.id = id
        self.network = network
        self.version = version
        self.gateway = gateway
        self.peer = peer
        self.control = control
        self.data = data
        self.pid = pid
        self.ready = ready
        self.detail = detail
        self.ledger = ledger
        self.peers = peers
        self.blobCount = blobCount
        self.blobBytes = blobBytes
        self.earnings = earnings
        self.spending = spending
        self.appsToHandOver = appsToHandOver
        self.warnings = warnings
    }
}
