/// Something that happened to a machine.
public struct MachineEvent: Sendable, Hashable, Codable {
    /// What happened. New kinds may be added.
    public struct Kind: RawRepresentable, Hashable, Sendable, Codable {
        /// The stable name.
        public let rawValue: String
        /// Wraps a name.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// It became known to the node.
        public static let created = Kind(rawValue: "created")
        /// Its container is being made.
        public static let starting = Kind(rawValue: "starting")
        /// Its program runs.
        public static let started = Kind(rawValue: "started")
        /// It could not be started.
        public static let startFailed = Kind(rawValue: "start-failed")
        /// It does its work.
        public static let healthy = Kind(rawValue: "healthy")
        /// A health check failed.
        public static let checkFailed = Kind(rawValue: "check-failed")
        /// Its health checks failed too often, and it is ended.
        public static let unhealthy = Kind(rawValue: "unhealthy")
        /// It was asked to stop.
        public static let stopping = Kind(rawValue: "stopping")
        /// It did not stop in time and was killed.
        public static let killed = Kind(rawValue: "killed")
        /// Its program ended.
        public static let exited = Kind(rawValue: "exited")
        /// The kernel ended a process of it for want of memory.
        public static let outOfMemory = Kind(rawValue: "out-of-memory")
        /// It wanted more processes than it may have.
        public static let processLimit = Kind(rawValue: "process-limit")
        /// It has no room left on one of its disks.
        public static let diskFull = Kind(rawValue: "disk-full")
        /// A public port is not the one that was asked for, or there is none.
        public static let portTaken = Kind(rawValue: "port-taken")
        /// It stays stopped.
        public static let stopped = Kind(rawValue: "stopped")
        /// It will be started again after a while.
        public static let backOff = Kind(rawValue: "back-off")
        /// It ended again and again.
        public static let crashLoop = Kind(rawValue: "crash-loop")
        /// A node that came back goes on with it.
        public static let adopted = Kind(rawValue: "adopted")
        /// What ran it vanished.
        public static let lost = Kind(rawValue: "lost")
    }

    /// Counts a machine's events from 1.
    public var sequence: Int
    /// When, in milliseconds since 1970 UTC.
    public var at: Int64
    /// What.
    public var kind: Kind
    /// Why, for people; at most `maxReasonBytes`.
    public var reason: String

    /// Reasons are cut after so many bytes.
    public static let maxReasonBytes = 1_024

    /// An event.
    public init(sequence: Int, at: Int64, kind: Kind, reason: String) {
        self.sequence = sequence
        self.at = at
        self.kind = kind
        self.reason =
            reason.utf8.count <= Self.maxReasonBytes
            ? reason : String(decoding: reason.utf8.prefix(Self.maxReasonBytes), as: UTF8.self)
    }
}
