public import Foundation

/// What a machine's node answers to a ``MachineOrder``.
public struct MachineOrderAnswer: Codable, Sendable, Equatable {
    /// A line that a machine wrote.
    public struct Line: Codable, Sendable, Equatable {
        /// Nanoseconds since 1970.
        public var at: Int64
        /// `stdout` or `stderr`.
        public var stream: String
        public var text: String

        public init(at: Int64, stream: String, text: String) {
            self.at = at
            self.stream = stream
            self.text = text
        }
    }

    /// Something that happened to a machine.
    public struct Event: Codable, Sendable, Equatable {
        /// Counts a machine's events from 1; 0 for what is told as long as it is so.
        public var sequence: Int
        /// Milliseconds since 1970.
        public var at: Int64
        /// Such as `crash-loop`.
        public var kind: String
        public var reason: String

        public init(sequence: Int, at: Int64, kind: String, reason: String) {
            self.sequence = sequence
            self.at = at
            self.kind = kind
            self.reason = reason
        }
    }

    /// What a session did with input.
    public struct Input: Codable, Sendable, Equatable {
        /// Bytes that it took, from the first on: the others are to be given again.
        public var takenBytes: Int
        /// Whether it may take more.
        public var isOpen: Bool

        public init(takenBytes: Int, isOpen: Bool) {
            self.takenBytes = takenBytes
            self.isOpen = isOpen
        }
    }

    /// What a session wrote since it was read last.
    public struct Output: Codable, Sendable, Equatable {
        public var session: String
        public var stdout = Data()
        public var stderr = Data()
        /// How it ended, such as `exit code 0`; nil while it runs.
        public var end: String?
        /// Its exit code; nil while it runs or if a signal ended it.
        public var exitCode: Int32?
        /// The signal that ended it.
        public var signal: Int32?

        public init(session: String) { self.session = session }
    }

    public var lines: [Line]?
    public var events: [Event]?
    public var input: Input?
    public var output: Output?
    /// The slot's volumes on the node, after what was asked about one of them.
    public var volumes: [VolumeInfo]?

    /// Done, and nothing to say.
    public init() {}
}

/// A machine as a node knows it.
public struct MachineInfo: Codable, Sendable, Equatable {
    /// A port in the container.
    public struct Port: Codable, Sendable, Equatable {
        public var name: String
        public var number: Int
        /// `http` or `tcp`.
        public var transport: String

        public init(name: String, number: Int, transport: String) {
            self.name = name
            self.number = number
            self.transport = transport
        }
    }

    public var app: String
    public var slot: UInt32
    /// The node that has the slot's lease; nil while nobody has.
    public var node: String?
    public var release: String
    /// Such as `healthy`, `asleep`, `starting`, `backOff`, `ended`; `lost` if its node is believed dead, `pending` without a lease.
    public var state: String
    public var reason: String
    public var restarts: Int
    /// Milliseconds since 1970; nil while it does not run.
    public var startedMilliseconds: Int64?
    public var cpuMillis: Int
    public var memoryBytes: UInt64
    public var memoryLimitBytes: UInt64
    public var ports: [Port]
    /// How often the slot's lease was taken.
    public var fence: UInt64
    /// When the lease ends unless it is renewed, in milliseconds since 1970; nil without one.
    public var leaseEnds: Int64?

    public init(
        app: String, slot: UInt32, node: String?, release: String, state: String, reason: String = "",
        restarts: Int = 0, startedMilliseconds: Int64? = nil, cpuMillis: Int = 0, memoryBytes: UInt64 = 0,
        memoryLimitBytes: UInt64 = 0, ports: [Port] = [], fence: UInt64 = 0, leaseEnds: Int64? = nil
    ) {
        self.app = app
        self.slot = slot
        self.node = node
        self.release = release
        self.state = state
        self.reason = reason
        self.restarts = restarts
        self.startedMilliseconds = startedMilliseconds
        self.cpuMillis = cpuMillis
        self.memoryBytes = memoryBytes
        self.memoryLimitBytes = memoryLimitBytes
        self.ports = ports
        self.fence = fence
        self.leaseEnds = leaseEnds
    }
}

/// A release of machines that some visitors get.
public struct MachineTrialInfo: Codable, Sendable, Equatable {
    public var release: String
    /// 1 to 99 of a hundred visitors.
    public var percent: Int
    /// What its slots are brought to: another release if it did not become healthy; nil if it has no slots.
    public var target: String?
    /// The slots that run it; none for an app with one copy.
    public var slots: [UInt32]

    public init(release: String, percent: Int, target: String?, slots: [UInt32]) {
        self.release = release
        self.percent = percent
        self.target = target
        self.slots = slots
    }
}

/// A port of a node that leads to an app's machines.
public struct MachineGateInfo: Codable, Sendable, Equatable {
    public var node: String
    /// Where visitors reach the node, as the ledger has it; nil if it has nothing.
    public var host: String?
    /// The name of the machines' port.
    public var port: String
    /// The node's port; nil if it opened none.
    public var number: Int?
    /// Why it is another one than was asked for, or none; empty if it is as it should be.
    public var reason: String

    public init(node: String, host: String?, port: String, number: Int?, reason: String) {
        self.node = node
        self.host = host
        self.port = port
        self.number = number
        self.reason = reason
    }
}

/// An app of machines, as a node knows it.
public struct MachineAppInfo: Codable, Sendable, Equatable {
    public var app: String
    /// The release that its owner made live.
    public var live: String
    /// The release that the slots are brought to: another one than ``live`` if that did not become healthy; nil if none did.
    public var target: String?
    /// Whether every slot runs what it should.
    public var isSettled: Bool
    /// What its image is called.
    public var image: String
    /// Such as `shared-1x-256`.
    public var size: String
    public var minReplicas: Int
    public var maxReplicas: Int
    /// Whether it says how it shows that it works.
    public var hasHealthCheck: Bool
    /// In order of their slots.
    public var machines: [MachineInfo]
    /// The release that some visitors get; nil for none.
    public var trial: MachineTrialInfo?
    /// Ports of nodes that lead to them; nil if the app asks for none.
    public var gates: [MachineGateInfo]?
    /// Machines of releases that are not live, which somebody looks at; nil for none.
    public var previews: [MachineInfo]?

    public init(
        app: String, live: String, target: String?, isSettled: Bool, image: String, size: String, minReplicas: Int,
        maxReplicas: Int, hasHealthCheck: Bool, machines: [MachineInfo], trial: MachineTrialInfo? = nil,
        gates: [MachineGateInfo]? = nil, previews: [MachineInfo]? = nil
    ) {
        self.app = app
        self.live = live
        self.target = target
        self.isSettled = isSettled
        self.image = image
        self.size = size
        self.minReplicas = minReplicas
        self.maxReplicas = maxReplicas
        self.hasHealthCheck = hasHealthCheck
        self.machines = machines
        self.trial = trial
        self.gates = gates
        self.previews = previews
    }
}

/// The machines that a node knows of.
public struct MachineList: Codable, Sendable, Equatable {
    /// In order of their names.
    public var apps: [MachineAppInfo]
    /// Nodes that offer room for machines.
    public var hosts: [MachineHostInfo]

    public init(apps: [MachineAppInfo], hosts: [MachineHostInfo]) {
        self.apps = apps
        self.hosts = hosts
    }
}

/// A node's room for machines.
public struct MachineHostInfo: Codable, Sendable, Equatable {
    public var node: String
    /// What it offers, in thousandths of a core.
    public var cpuMillis: UInt64
    /// What it offers, in bytes.
    public var memoryBytes: UInt64
    /// Whether it is believed alive.
    public var isAlive: Bool

    public init(node: String, cpuMillis: UInt64, memoryBytes: UInt64, isAlive: Bool) {
        self.node = node
        self.cpuMillis = cpuMillis
        self.memoryBytes = memoryBytes
        self.isAlive = isAlive
    }
}
