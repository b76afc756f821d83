/// How provider records are kept, published and looked up.
public struct DiscoverySettings: Sendable {
    /// The most bytes of a record: its body and its signature.
    public static let maxRecordBytes = 1_000
    /// The most records of one answer, about 7 KiB.
    public static let maxAnswerRecords = 32
    /// The most records of one request to store some, about 120 KiB.
    public static let maxStoreRecords = 512

    /// Nodes that keep the record of a key (Kademlia's k). More survive more churn, at as many times the traffic.
    public var replicas = 20
    /// Nodes that a lookup asks at once in one hop (Kademlia's α).
    public var parallelism = 3
    /// Disjoint paths of a lookup that takes several hops (S/Kademlia's d).
    public var paths = 4
    /// Networks up to this size are looked up in one hop: every node is expected to know all of them.
    public var oneHopNodes = 5_000
    /// Answers that name a usable provider after which a one-hop lookup asks the other replicas one by one, until the
    /// caller has enough. They are asked at all because the answers so far may have been lies.
    public var settlingAnswers = 4
    /// Nodes that one lookup asks at most, whatever it is told.
    public var maxAsked = 96
    /// How long a lookup waits for a node before it asks another one beside it.
    public var patience = Duration.milliseconds(400)
    /// How long a node may take to be reached and to answer.
    public var requestTimeout = Duration.seconds(3)

    /// The life of a record. It must outlast a few times ``republishInterval``.
    public var recordLifetime = Duration.seconds(7_200)
    /// Between two publications of a key; each is drawn from within 10% of it.
    public var republishInterval = Duration.seconds(1_800)
    /// How far the clocks of two honest nodes may be apart. Records that expired less than this ago still count.
    public var clockTolerance = Duration.seconds(120)
    /// How long keys are gathered before they are published.
    public var coalescing = Duration.milliseconds(50)
    /// How long a key that fewer than half of its replicas took waits for the next try; doubles each time.
    public var retryPause = Duration.seconds(15)
    /// Between two checks whether other nodes have become the nearest ones.
    public var replicaCheckInterval = Duration.seconds(10)
    /// Publications because of new replicas are spread over this time.
    public var refreshSpread = Duration.seconds(30)
    /// Keys that this node provides at most, and withdrawals that it still has to publish; each costs about 100 bytes
    /// here. The records of what was withdrawn beyond that live on until they expire.
    public var maxProvided = 1_000_000
    /// Keys that are signed and sent together.
    public var batchKeys = 512
    /// Nodes that records are sent to at once.
    public var publishParallelism = 16

    /// Records of other nodes that are kept.
    public var maxRecords = 250_000
    /// Bytes of the records of other nodes that are kept, as on the wire; in memory they take about twice as much.
    public var maxRecordTotalBytes = 64 << 20
    /// Records of one provider that are kept.
    public var maxRecordsPerProvider = 50_000
    /// Providers of one key that are kept.
    public var maxRecordsPerKey = 64
    /// A node takes a record when it is one of its key's replicas by its own view, or would be one if there were this
    /// many times ``replicas`` of them: views differ.
    public var responsibilitySlack = 4
    /// The time after which a new secret makes the write tokens; tokens of the last one are still taken.
    public var tokenRotation = Duration.seconds(300)
    /// Requests of one peer whose records are being verified.
    public var maxStoresPerPeer = 4

    /// The defaults.
    public init() {}
}
