/// Whether a machine whose program ended by itself is started again. Being stopped by request never restarts one.
public enum MachineRestartPolicy: String, Sendable, Hashable, Codable {
    /// Whatever its exit code.
    case always
    /// Unless its exit code is 0.
    case onFailure
    /// Not at all.
    case never
}
