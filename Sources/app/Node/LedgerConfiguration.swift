/// Where a node's ledger is ordered, and how much of its past the node keeps. A part of ``NodeConfiguration``.
public struct LedgerConfiguration: Codable, Sendable, Equatable {
    /// What orders the entries.
    public enum Engine: String, Codable, Sendable {
        /// The first sequencer of the genesis, in its own SQLite file.
        case sqlite
        /// A log in etcd that several sequencers share; each node keeps a copy in SQLite.
        case etcd
    }

    /// Default `sqlite`.
    public var engine: Engine
    /// The etcd members' client addresses, each `host:port`; empty for SQLite.
    public var endpoints: [String]
    /// Paths of PEM files for mutual TLS with etcd: all three or none. Without them etcd is spoken to in the clear, which
    /// is for members on the same machine only.
    public var certificateAuthority: String?
    public var certificate: String?
    public var privateKey: String?
    /// Seconds that a sequencer's lead outlives its holder, 2 or more; nil for 10. Shorter replaces a dead sequencer
    /// sooner and a slow one too soon.
    public var leaseSeconds: Int?
    /// Entries behind the log's beginning after which a snapshot takes the place of the older ones; nil for 10,000.
    /// Fewer make joining and restarting quicker and write snapshots more often.
    public var snapshotEntries: UInt64?
    /// Entries before the head that stay although a snapshot covers them, for readers that are a little behind; nil for
    /// 2,000.
    public var marginEntries: UInt64?

    public init(
        engine: Engine = .sqlite, endpoints: [String] = [], certificateAuthority: String? = nil,
        certificate: String? = nil, privateKey: String? = nil, leaseSeconds: Int? = nil,
        snapshotEntries: UInt64? = nil, marginEntries: UInt64? = nil
    ) {
        self.engine = engine
        self.endpoints = endpoints
        self.certificateAuthority = certificateAuthority
        self.certificate = certificate
        self.privateKey = privateKey
        self.leaseSeconds = leaseSeconds
        self.snapshotEntries = snapshotEntries
        self.marginEntries = marginEntries
    }
}
