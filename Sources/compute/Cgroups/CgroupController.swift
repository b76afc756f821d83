/// What cgroups limit.
public enum CgroupController: String, CaseIterable, Sendable {
    /// Memory in bytes.
    case memory
    /// Processor time.
    case cpu
    /// Processes and threads.
    case pids
}
