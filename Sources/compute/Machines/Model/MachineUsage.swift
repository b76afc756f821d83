/// What a machine takes of its node now.
public struct MachineUsage: Sendable, Hashable, Codable {
    /// Processor time since its container started, in nanoseconds.
    public var cpuNanoseconds: UInt64
    /// Thousandths of a processor since it was looked at before; 0 the first time.
    public var cpuMillis: Int
    /// Memory that counts against its limit, in bytes.
    public var memoryBytes: Int
    /// Its limit, in bytes.
    public var memoryLimitBytes: Int
    /// Processes and threads.
    public var processes: Int
    /// Processes that the kernel ended for want of memory since the container started.
    public var outOfMemoryKills: Int

    /// Usage.
    public init(
        cpuNanoseconds: UInt64, cpuMillis: Int = 0, memoryBytes: Int, memoryLimitBytes: Int, processes: Int,
        outOfMemoryKills: Int
    ) {
        self.cpuNanoseconds = cpuNanoseconds
        self.cpuMillis = cpuMillis
        self.memoryBytes = memoryBytes
        self.memoryLimitBytes = memoryLimitBytes
        self.processes = processes
        self.outOfMemoryKills = outOfMemoryKills
    }
}
