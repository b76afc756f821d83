/// How much of its node a machine may take.
public struct MachineResources: Sendable, Hashable, Codable {
    /// Thousandths of a processor: 1000 is one core's time.
    public var cpuMillis: Int
    /// Memory with page cache and temporary files, in bytes; nothing is swapped.
    public var memoryBytes: Int
    /// Processes and threads at one time.
    public var maxProcesses: Int
    /// Open files of one process; never above what the node itself may have.
    public var maxOpenFiles: Int
    /// Bytes that may be written to the root file system; 0 makes it read-only. What is written is in memory, counts as
    /// memory, and is gone when the machine stops: what is to stay belongs on a volume.
    public var writableBytes: Int
    /// Bytes in each of `/tmp`, `/run` and `/dev/shm`; they count as memory when they are used.
    public var temporaryBytes: Int

    /// The least memory: the runtime itself needs some while it starts a machine.
    public static let leastMemoryBytes = 16 << 20
    /// What each number may be.
    static let cpuRange = 10...256_000
    static let memoryRange = leastMemoryBytes...(4 << 40)
    static let processRange = 1...32_768
    static let fileRange = 16...1_048_576

    /// Limits in full.
    public init(
        cpuMillis: Int, memoryBytes: Int, maxProcesses: Int = 256, maxOpenFiles: Int = 4_096, writableBytes: Int = 0,
        temporaryBytes: Int? = nil
    ) {
        self.cpuMillis = cpuMillis
        self.memoryBytes = memoryBytes
        self.maxProcesses = maxProcesses
        self.maxOpenFiles = maxOpenFiles
        self.writableBytes = writableBytes
        self.temporaryBytes = temporaryBytes ?? memoryBytes / 2
    }
}
