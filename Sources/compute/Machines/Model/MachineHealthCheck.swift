/// How the supervisor finds out whether a machine's program does its work.
public struct MachineHealthCheck: Sendable, Hashable, Codable {
    /// What is asked.
    public enum Probe: Sendable, Hashable, Codable {
        /// `GET path` on a port; any status from 200 to 399 is good.
        case http(port: UInt16, path: String)
        /// A connection to a port.
        case tcp(port: UInt16)
        /// A command in the machine; exit code 0 is good.
        case command([String])
    }

    /// What is asked.
    public var probe: Probe
    /// From one check to the next once the machine is healthy. While it starts it is asked more often.
    public var interval: Duration
    /// How long an answer may take.
    public var timeout: Duration
    /// How long a machine that starts may fail.
    public var grace: Duration
    /// So many failures in a row end a machine that was healthy.
    public var threshold: Int

    /// Intervals, timeouts and grace periods are within this.
    public static let durationRange: ClosedRange<Duration> = .milliseconds(10)...(.seconds(3_600))
    /// Failures in a row.
    public static let thresholdRange = 1...100

    /// A check.
    public init(
        _ probe: Probe, interval: Duration = .seconds(10), timeout: Duration = .seconds(2),
        grace: Duration = .seconds(30), threshold: Int = 3
    ) {
        self.probe = probe
        self.interval = interval
        self.timeout = timeout
        self.grace = grace
        self.threshold = threshold
    }
}
