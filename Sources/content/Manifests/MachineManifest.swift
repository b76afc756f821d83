public import Identity

/// A container that the network keeps running: its image, what it may use, and how copies of it come and go.
public struct MachineManifest: Sendable, Hashable {
    /// A port that the container listens on.
    public struct Port: Sendable, Hashable {
        /// What is spoken there.
        public enum Transport: String, Sendable, Hashable, CaseIterable {
            case http
            case tcp
        }

        /// Which port the nodes open for it.
        public enum Opening: Sendable, Hashable {
            /// Any that the node has free.
            case any
            /// This one if the node may and nobody has it already, else any. 1 to 65535.
            case number(Int)
        }

        /// 1 to 63 lower-case letters, digits and inner hyphens; distinct in the machine.
        public var name: String
        /// 1 to 65535, in the container.
        public var number: Int
        public var transport: Transport
        /// Whether nodes open a port of their own that leads there, for everybody; nil: they do not. TCP only, because HTTP
        /// is answered under the app's name.
        public var opening: Opening?

        public init(name: String, number: Int, transport: Transport = .http, opening: Opening? = nil) {
            self.name = name
            self.number = number
            self.transport = transport
            self.opening = opening
        }
    }

    /// How a copy shows that it works.
    public struct Health: Sendable, Hashable {
        /// What is asked.
        public enum Probe: Sendable, Hashable {
            /// A GET of `path` on a port answers with a status of 200 to 399.
            case http(port: String, path: String)
            /// A port takes a connection.
            case tcp(port: String)
            /// A command in the container exits with 0.
            case command([String])
        }

        public var probe: Probe
        /// Milliseconds between two checks. Default 5,000; 100 to 3,600,000.
        public var intervalMilliseconds = 5_000
        /// Milliseconds that a check may take. Default 2,000; 10 to 60,000.
        public var timeoutMilliseconds = 2_000
        /// Failures in the first so many milliseconds do not count. Default 5,000; up to 3,600,000.
        public var graceMilliseconds = 5_000
        /// Failures in a row until it counts as unhealthy. Default 3; 1 to 100.
        public var threshold = 3

        public init(_ probe: Probe) { self.probe = probe }
    }

    /// A folder that outlives the container and belongs to its slot.
    public struct Volume: Sendable, Hashable {
        /// 1 to 63 lower-case letters, digits and inner hyphens; distinct in the machine.
        public var name: String
        /// Absolute, in the container, without `.` and `..` components.
        public var path: String
        public var byteCount: Int

        public init(name: String, path: String, byteCount: Int) {
            self.name = name
            self.path = path
            self.byteCount = byteCount
        }
    }

    /// What happens when the container ends.
    public enum Restart: String, Sendable, Hashable, CaseIterable {
        case always
        /// Unless it exits with 0.
        case onFailure = "on-failure"
        case never
    }

    /// How a new release takes the place of the old one.
    public enum Rollout: String, Sendable, Hashable, CaseIterable {
        /// One slot after the other.
        case rolling
        /// All slots at once, when every new copy is healthy.
        case blueGreen = "blue-green"
    }

    /// The blob with the record of the image.
    public var image: BlobID
    /// The blobs of its layers, in ascending order.
    public var layers: [BlobID]
    /// What the image was called, for people.
    public var imageName = ""
    public var size = MachineSize.standard
    /// Takes the place of the image's entry point and command; empty for those.
    public var command: [String] = []
    /// Absolute; nil for the image's.
    public var workingDirectory: String?
    /// Texts in the environment.
    public var vars: [String: String] = [:]
    /// Names of the secrets that the machine cannot do without.
    public var secrets: [String] = []
    /// Other apps, by the names in the environment that hold their addresses.
    public var bindings: [FunctionBinding] = []
    /// The first one with HTTP gets the app's visitors.
    public var ports: [Port] = []
    /// Nil: a copy counts as healthy as soon as its first port is open; without ports, as soon as its process runs.
    public var health: Health?
    public var volumes: [Volume] = []
    /// Copies that always run. 0 lets the last one sleep.
    public var minReplicas = 1
    /// Copies at most; at least 1 unless there are to be none at all.
    public var maxReplicas = 1
    public var restart = Restart.always
    /// Milliseconds without a request after which a copy beyond ``minReplicas`` is put to sleep; 0 for never.
    public var idleMilliseconds = 0
    /// Requests in flight for each copy before another one is started; 0 for no such limit.
    public var inFlightTarget = 0
    public var rollout = Rollout.rolling
    /// How long a new copy may take to become healthy before the rollout is reverted.
    public var rolloutTimeoutMilliseconds = 60_000
    /// Such as `SIGTERM`; nil for the image's.
    public var stopSignal: String?
    /// How long a copy may take to end before it is killed.
    public var stopTimeoutMilliseconds = 10_000

    /// Nothing is checked here: ``problem`` and `Manifest.init(decoding:)` do.
    public init(image: BlobID, layers: [BlobID]) {
        self.image = image
        self.layers = layers.sorted()
    }

    /// The distinct blobs that a node needs to run the machine, in order of their ids.
    public var blobs: [BlobID] { Set(layers + [image]).sorted() }

    /// The same machine without what containers know nothing of, such as the number of copies: what differs in nothing else
    /// runs on as it is.
    public var withoutScale: MachineManifest {
        var copy = self
        for index in copy.ports.indices { copy.ports[index].opening = nil }
        copy.minReplicas = 0
        copy.maxReplicas = 0
        copy.idleMilliseconds = 0
        copy.inFlightTarget = 0
        copy.rollout = .rolling
        copy.rolloutTimeoutMilliseconds = 0
        return copy
    }

    /// The port that HTTP goes to; nil for a machine without one.
    public var httpPort: Port? { ports.first { $0.transport == .http } }
}
