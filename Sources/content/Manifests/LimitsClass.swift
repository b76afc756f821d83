/// How much one request of a function may use. Apps choose a class rather than numbers, so that nodes can plan.
public enum LimitsClass: String, Sendable, Hashable, CaseIterable {
    /// 50 ms of CPU time, 64 MiB.
    case small
    /// 500 ms of CPU time, 128 MiB.
    case standard
    /// 5 s of CPU time, 256 MiB.
    case large

    /// CPU time of one request, in milliseconds.
    public var cpuMilliseconds: Int {
        switch self {
        case .small: 50
        case .standard: 500
        case .large: 5_000
        }
    }

    /// Private memory of one worker, in bytes.
    public var memoryBytes: Int {
        switch self {
        case .small: 64 << 20
        case .standard: 128 << 20
        case .large: 256 << 20
        }
    }
}
