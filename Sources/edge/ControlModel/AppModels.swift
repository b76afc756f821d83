/// One immutable version of an app.
public struct ReleaseInfo: Codable, Sendable, Equatable {
    public var id: String
    /// `site` or `function`.
    public var kind: String
    /// The manifest's blob id.
    public var manifest: String
    public var message: String
    /// The account that published it.
    public var publisher: String
    /// Milliseconds since 1970.
    public var publishedMilliseconds: Int64
    /// Whether the name points to it.
    public var live: Bool
    /// The share of the visitors who get it, 0 to 100.
    public var percent: Int
    /// The machine that it asks for, such as `shared-1x-256`; nil if it asks for none.
    public var sizeClass: String?
    /// Copies that it asks for; nil for as many as the network makes.
    public var replicas: UInt32?
    /// The BLAKE3 digest of its sealed secrets, 64 hexadecimal digits; nil for none.
    public var secretsEnvelope: String?

    public init(
        id: String, kind: String, manifest: String, message: String, publisher: String, publishedMilliseconds: Int64,
        live: Bool, percent: Int, sizeClass: String? = nil, replicas: UInt32? = nil, secretsEnvelope: String? = nil
    ) {
        self.id = id
        self.kind = kind
        self.manifest = manifest
        self.message = message
        self.publisher = publisher
        self.publishedMilliseconds = publishedMilliseconds
        self.live = live
        self.percent = percent
        self.sizeClass = sizeClass
        self.replicas = replicas
        self.secretsEnvelope = secretsEnvelope
    }
}

/// A name and its releases, oldest first: `GET /api/v1/names/<name>`.
public struct NameInfo: Codable, Sendable, Equatable {
    public var name: String
    /// The account that owns it.
    public var owner: String
    /// The live release's id; nil before the first.
    public var live: String?
    /// The release that ``candidatePercent`` of the visitors get in its place; nil if there is none.
    public var candidate: String?
    /// 1 to 99 while there is a candidate.
    public var candidatePercent: Int?
    /// The domains that are bound to the name, in alphabetical order.
    public var domains: [String]
    public var releases: [ReleaseInfo]
    /// The last roll-back that nodes carried out by themselves; nil where that was not asked.
    public var automaticRollback: AutomaticRollback?

    public init(
        name: String, owner: String, live: String?, candidate: String?, candidatePercent: Int?, domains: [String],
        releases: [ReleaseInfo]
    ) {
        self.name = name
        self.owner = owner
        self.live = live
        self.candidate = candidate
        self.candidatePercent = candidatePercent
        self.domains = domains
        self.releases = releases
    }
}

/// All names: `GET /api/v1/names`.
public struct NameList: Codable, Sendable, Equatable {
    public var names: [NameInfo]

    public init(names: [NameInfo]) { self.names = names }
}

/// An account: `GET /api/v1/accounts/<id>`.
public struct AccountInfo: Codable, Sendable, Equatable {
    public var id: String
    /// The nonce of its last transaction; the next one carries one more.
    public var nonce: UInt64
    /// Whether the ledger knows it already.
    public var exists: Bool
    /// Units that the account may spend.
    public var balance: UInt64
    /// Names that the account owns.
    public var nameCount: UInt64
    /// Nodes that the account operates.
    public var nodeCount: UInt64

    public init(id: String, nonce: UInt64, exists: Bool, balance: UInt64, nameCount: UInt64, nodeCount: UInt64) {
        self.id = id
        self.nonce = nonce
        self.exists = exists
        self.balance = balance
        self.nameCount = nameCount
        self.nodeCount = nodeCount
    }
}

/// What became of a transaction: the answer to `POST /api/v1/transactions`.
public struct TransactionReceipt: Codable, Sendable, Equatable {
    /// The transaction's id, 64 hexadecimal digits.
    public var id: String
    /// The ledger entry that holds it.
    public var sequence: UInt64
    /// The release that it published, if it did.
    public var release: String?
    /// Nodes that have applied it when the answer was sent.
    public var applied: [String]
    /// Nodes that did not answer in time: they follow when they are back.
    public var behind: [String]

    public init(id: String, sequence: UInt64, release: String?, applied: [String], behind: [String]) {
        self.id = id
        self.sequence = sequence
        self.release = release
        self.applied = applied
        self.behind = behind
    }
}

/// Which replicas hold a release whole: `GET /api/v1/names/<name>/releases/<release>/readiness`.
public struct ReadinessReport: Codable, Sendable, Equatable {
    /// Nodes that should hold it.
    public var replicas: [String]
    /// Those that do.
    public var ready: [String]

    public init(replicas: [String], ready: [String]) {
        self.replicas = replicas
        self.ready = ready
    }
}
