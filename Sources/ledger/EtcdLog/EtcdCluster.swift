public import Ledger

/// Where an etcd cluster is, and how long to wait for it.
public struct EtcdCluster: Sendable, Hashable {
    /// The most members that can be listed; more than seven voters only slow etcd down.
    public static let maxMembers = 16

    /// The members' client addresses; the others are tried when one fails.
    public var members: [Endpoint]
    /// Certificates and key for mutual TLS. nil speaks in the clear: for members on the same machine only.
    public var tls: EtcdTLSFiles?
    /// How long one member is given to answer one request. Default 3 s; raise it on links slower than 2 MB/s.
    public var requestTimeout: Duration
    /// How long an operation is repeated, over all members, before it is given up. Default 12 s: etcd takes 1 s to 3 s
    /// to replace its own leader.
    public var patience: Duration
    /// How long a lead outlives its holder: whole seconds, 2 or more. Default 10 s. It is renewed three times as often.
    public var leaseSeconds: Int
    /// How often a reader looks for news although no hint came. Default 5 s.
    public var pollInterval: Duration

    public init(
        members: [Endpoint], tls: EtcdTLSFiles? = nil, requestTimeout: Duration = .seconds(3),
        patience: Duration = .seconds(12), leaseSeconds: Int = 10, pollInterval: Duration = .seconds(5)
    ) {
        self.members = members
        self.tls = tls
        self.requestTimeout = requestTimeout
        self.patience = patience
        self.leaseSeconds = leaseSeconds
        self.pollInterval = pollInterval
    }

    /// What a lead lasts without renewal.
    var lease: Duration { .seconds(leaseSeconds) }
}
