/// The resources of a machine, by the name that people choose it by: the one table of them.
public struct MachineSize: Sendable, Hashable, LosslessStringConvertible {
    /// Such as `shared-1x-256`.
    public let description: String
    /// CPU time that the machine may use, in thousandths of a core.
    public let cpuMillis: Int
    public let memoryBytes: Int
    /// Processes and threads at most.
    public let maxProcesses: Int
    /// Whether the machine competes for its CPU time with others: it may use all of it, but is placed as if it used a
    /// quarter of it.
    public let isShared: Bool

    /// CPU time that placement counts, in thousandths of a core.
    public var reservedCPUMillis: Int { isShared ? cpuMillis / 4 : cpuMillis }

    /// All sizes, the smallest first.
    public static let all: [MachineSize] = [
        MachineSize("shared-1x-64", cpu: 1, mebibytes: 64, processes: 128, isShared: true),
        MachineSize("shared-1x-128", cpu: 1, mebibytes: 128, processes: 256, isShared: true),
        MachineSize("shared-1x-256", cpu: 1, mebibytes: 256, processes: 256, isShared: true),
        MachineSize("shared-1x-512", cpu: 1, mebibytes: 512, processes: 512, isShared: true),
        MachineSize("shared-1x-1024", cpu: 1, mebibytes: 1_024, processes: 512, isShared: true),
        MachineSize("shared-2x-512", cpu: 2, mebibytes: 512, processes: 512, isShared: true),
        MachineSize("shared-2x-1024", cpu: 2, mebibytes: 1_024, processes: 1_024, isShared: true),
        MachineSize("shared-2x-2048", cpu: 2, mebibytes: 2_048, processes: 1_024, isShared: true),
        MachineSize("shared-4x-4096", cpu: 4, mebibytes: 4_096, processes: 2_048, isShared: true),
        MachineSize("performance-1x-2048", cpu: 1, mebibytes: 2_048, processes: 1_024, isShared: false),
        MachineSize("performance-2x-4096", cpu: 2, mebibytes: 4_096, processes: 2_048, isShared: false),
        MachineSize("performance-4x-8192", cpu: 4, mebibytes: 8_192, processes: 4_096, isShared: false),
        MachineSize("performance-8x-16384", cpu: 8, mebibytes: 16_384, processes: 8_192, isShared: false),
    ]

    /// For machines that name none.
    public static let standard = all[2]

    private init(_ name: String, cpu: Int, mebibytes: Int, processes: Int, isShared: Bool) {
        description = name
        cpuMillis = cpu * 1_000
        memoryBytes = mebibytes << 20
        maxProcesses = processes
        self.isShared = isShared
    }

    /// Nil for a name that is not in the table.
    public init?(_ name: String) {
        guard let size = MachineSize.all.first(where: { $0.description == name }) else { return nil }
        self = size
    }
}
