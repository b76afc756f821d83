/// Why something could not be done with a machine.
public struct MachineError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What happened. New codes may be added.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// The stable name that callers and people see.
        public let rawValue: String
        /// Wraps a name.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The spec asks for something that cannot be.
        public static let invalidSpec = Code(rawValue: "machine/invalid-spec")
        /// There is a machine with this id.
        public static let exists = Code(rawValue: "machine/exists")
        /// There is no machine with this id.
        public static let unknown = Code(rawValue: "machine/unknown")
        /// Not in the state that the machine is in.
        public static let wrongState = Code(rawValue: "machine/wrong-state")
        /// This host cannot run machines.
        public static let hostUnable = Code(rawValue: "machine/host-unable")
        /// The node has as many machines, or has given away as much, as it may.
        public static let noRoom = Code(rawValue: "machine/no-room")
        /// The command is not in the image.
        public static let commandNotFound = Code(rawValue: "machine/command-not-found")
        /// The command is there and may not be run, or is for another processor.
        public static let commandNotExecutable = Code(rawValue: "machine/command-not-executable")
        /// A layer, a mount's source or a folder in the image is missing.
        public static let missingFile = Code(rawValue: "machine/missing-file")
        /// The runtime refused; its own words are in the message.
        public static let runtimeFailed = Code(rawValue: "machine/runtime-failed")
        /// The root file system could not be put together.
        public static let rootFailed = Code(rawValue: "machine/root-failed")
        /// No network namespace could be made.
        public static let networkFailed = Code(rawValue: "machine/network-failed")
        /// The node's disk is full, or cannot be written.
        public static let diskFailed = Code(rawValue: "machine/disk-failed")
        /// Files could not be copied: they cannot be read or written, or what was sent is no stream of files.
        public static let copyFailed = Code(rawValue: "machine/copy-failed")
        /// Memory was not enough to start.
        public static let outOfMemory = Code(rawValue: "machine/out-of-memory")
        /// Its node's lease has ended, so that it may run elsewhere.
        public static let leaseEnded = Code(rawValue: "machine/lease-ended")
        /// It took too long.
        public static let timedOut = Code(rawValue: "machine/timed-out")
    }

    /// What happened.
    public let code: Code
    /// What was wrong, where, and what to do next.
    public let message: String

    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The code and the message.
    public var description: String { "\(code.rawValue): \(message)" }
}
