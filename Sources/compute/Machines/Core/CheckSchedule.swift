/// When a machine is asked for its health: often while it starts, so that it serves as soon as it can, then at its interval.
struct CheckSchedule: Sendable {
    /// The first wait; it doubles.
    static let firstWait = Duration.milliseconds(2)
    /// The longest wait while it starts.
    static let longestStartWait = Duration.milliseconds(250)

    private let interval: Duration
    private var wait = CheckSchedule.firstWait

    init(interval: Duration) { self.interval = interval }

    /// How long to wait before the next check.
    mutating func next(isHealthy: Bool) -> Duration {
        if isHealthy {
            wait = Self.firstWait
            return interval
        }
        defer { wait = min(wait * 2, Self.longestStartWait) }
        return min(wait, interval)
    }
}
