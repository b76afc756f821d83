/// What an operator decides about machines; a part of `node.json`.
public struct MachineOptions: Codable, Sendable, Equatable {
    /// False: this node never runs machines. Default: it does where the host can.
    public var isOn: Bool?
    /// Thousandths of a core for machines. Default: all cores.
    public var cpuMillis: Int?
    /// Bytes for machines. Default: half of the host's memory.
    public var memoryBytes: Int?
    /// How long a lease is. Default 15,000; 1,000 to 3,600,000. A machine of a node that dies starts elsewhere when its
    /// lease has ended: shorter ones mean a quicker fail-over and more entries on the ledger.
    public var leaseMilliseconds: Int?
    /// The OCI runtime's path. Default: `crun` or `runc`, whichever works here.
    public var runtime: String?
    /// Bytes that unpacked images may take. Default: 10 GiB.
    public var imageCacheBytes: Int?

    /// Ports of this node whose connections go to machines as they are, by `<app>/<port's name>`; 0 for a port that the
    /// system picks and the log tells. Default: none.
    public var tcpPorts: [String: Int]?
    /// Ports for machines whose manifests ask for one: `5432,20000-20999`, or `none`. Those that stand alone are only for who
    /// asks for them by number. Default: `20000-20999`, of which 256 at most are open at a time.
    public var tcpRange: String?
    /// The address that all of them listen on. Default: the gateway's.
    public var tcpHost: String?

    /// The defaults.
    public init() {}

    /// The lease's length within what the ledger takes.
    var leaseTerm: Int { min(max(leaseMilliseconds ?? 15_000, 1_000), 3_600_000) }
}
