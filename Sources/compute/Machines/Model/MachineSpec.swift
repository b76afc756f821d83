/// What a machine is: everything that is decided before it starts.
public struct MachineSpec: Sendable, Hashable, Codable {
    /// Its name on this node.
    public var id: MachineID
    /// The image's digest as text, for people and for events; the layers come with `MachineImage`.
    public var image: String
    /// What runs instead of the image's `Cmd`, after its `Entrypoint`; empty for the image's own.
    public var command: [String]
    /// Replaces the image's `Entrypoint`; nil for the image's own.
    public var entrypoint: [String]?
    /// Added to the image's environment. Secrets belong here or in a read-only mount; the file that they are written to
    /// is readable for the node's user alone.
    public var environment: [String: String]
    /// Where the program starts; nil for the image's own.
    public var workingDirectory: String?
    /// Whom the program runs as; nil for the image's own.
    public var user: MachineUser?
    /// What it may take of the node.
    public var resources: MachineResources
    /// Where its program listens. The first one is waited for when there is no health check.
    public var ports: [MachinePort]
    /// Folders of the host that it sees.
    public var mounts: [MachineMount]
    /// How its health is found out.
    public var health: MachineHealthCheck?
    /// Whether it is started again when it ends by itself.
    public var restart: MachineRestartPolicy
    /// What asks it to stop; nil for the image's own, which is SIGTERM if the image says nothing.
    public var stopSignal: Int32?
    /// How long it may take to stop; after that comes SIGKILL.
    public var stopTimeout: Duration
    /// What a node that comes back does with it.
    public var orphan: MachineOrphanPolicy
    /// It may open connections to public addresses, where the node can translate addresses. Private addresses, the host
    /// and other machines are never reachable.
    public var hasEgress: Bool

    /// A file with the time, in milliseconds since the host started (CLOCK_BOOTTIME), at which the machine is killed unless
    /// it was moved on, whatever becomes of the node; nil for no such time. The folder must exist.
    public var limitPath: String?

    /// A spec.
    public init(
        id: MachineID, image: String, command: [String] = [], entrypoint: [String]? = nil,
        environment: [String: String] = [:], workingDirectory: String? = nil, user: MachineUser? = nil,
        resources: MachineResources, ports: [MachinePort] = [], mounts: [MachineMount] = [],
        health: MachineHealthCheck? = nil, restart: MachineRestartPolicy = .always, stopSignal: Int32? = nil,
        stopTimeout: Duration = .seconds(10), orphan: MachineOrphanPolicy = .adopt, hasEgress: Bool = true,
        limitPath: String? = nil
    ) {
        self.id = id
        self.image = image
        self.command = command
        self.entrypoint = entrypoint
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.user = user
        self.resources = resources
        self.ports = ports
        self.mounts = mounts
        self.health = health
        self.restart = restart
        self.stopSignal = stopSignal
        self.stopTimeout = stopTimeout
        self.orphan = orphan
        self.hasEgress = hasEgress
        self.limitPath = limitPath
    }
}
