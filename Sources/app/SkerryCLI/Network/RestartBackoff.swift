/// How long a process that failed has to wait before it is started again: longer with each failure in a row.
struct RestartBackoff: Sendable {
    /// The wait after the first failure.
    static let first = Duration.milliseconds(500)
    /// The longest wait.
    static let longest = Duration.seconds(30)
    /// A process that ran for so long begins with ``first`` again.
    static let stable = Duration.seconds(60)

    private var next = RestartBackoff.first

    /// The wait for a process that ran for `duration` and failed.
    mutating func delay(afterRunning duration: Duration) -> Duration {
        if duration >= RestartBackoff.stable { next = RestartBackoff.first }
        defer { next = min(next * 2, RestartBackoff.longest) }
        return next
    }
}
