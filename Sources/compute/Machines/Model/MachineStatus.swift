/// What the supervisor knows of a machine.
public struct MachineStatus: Sendable, Hashable, Codable {
    /// Its name.
    public var id: MachineID
    /// Where it is in its life.
    public var state: MachineState
    /// Its image's digest.
    public var image: String
    /// The IPv4 address at which the node reaches it; nil while it has none. It stays while the container lives.
    public var address: String?
    /// Where it listens.
    public var ports: [MachinePort]
    /// How often it was started again since somebody started it.
    public var restarts: Int
    /// When its container started, in milliseconds since 1970 UTC.
    public var startedAt: Int64?
    /// How it ended the last time.
    public var exit: MachineExit?
    /// Why it is where it is, for people: the last event's text.
    public var reason: String?
    /// What it takes, as of the last look; nil while it does not run.
    public var usage: MachineUsage?
    /// Somebody wants it to run.
    public var isWanted: Bool
    /// Of two statuses of one machine that one supervisor told, the later one has the greater number.
    public var sequence: UInt64

    /// A status.
    public init(
        id: MachineID, state: MachineState, image: String, address: String? = nil, ports: [MachinePort] = [],
        restarts: Int = 0, startedAt: Int64? = nil, exit: MachineExit? = nil, reason: String? = nil,
        usage: MachineUsage? = nil, isWanted: Bool = false, sequence: UInt64 = 0
    ) {
        self.id = id
        self.state = state
        self.image = image
        self.address = address
        self.ports = ports
        self.restarts = restarts
        self.startedAt = startedAt
        self.exit = exit
        self.reason = reason
        self.usage = usage
        self.isWanted = isWanted
        self.sequence = sequence
    }
}
