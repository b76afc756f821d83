/// Tells a wall clock that jumped ahead from time that passed.
struct ClockWatch: Sendable {
    private var wall: Int64
    private var uptime: Duration

    /// - Parameters:
    ///   - wall: The wall clock in milliseconds since 1970. At the start there is nothing else to believe.
    ///   - uptime: A clock that nobody sets.
    init(wall: Int64, uptime: Duration) {
        self.wall = wall
        self.uptime = uptime
    }

    /// Whether the wall clock is further ahead than `bound` of the last entry and, since it was last believed, of the
    /// time that passed. Slow adjustments add up to nothing, because every entry that fits counts as belief.
    func hasJumped(wall now: Int64, uptime: Duration, lastEntry: Int64, bound: Duration) -> Bool {
        let bound = bound.wholeMilliseconds
        let passed = (uptime - self.uptime).wholeMilliseconds
        return now.clampedMinus(lastEntry) > bound && now.clampedMinus(wall).clampedMinus(passed) > bound
    }

    /// Takes note of an entry that was added: its time, or what this node's clock said when it came, confirms the clock.
    ///
    /// - Parameter isOthers: Another node's clock gave the entry its time, so it may also bear out a clock that jumped.
    mutating func note(
        entry: Int64, isOthers: Bool, wall now: Int64, uptime: Duration, lastEntry: Int64, bound: Duration
    ) {
        let isBorneOut = isOthers && now.clampedMinus(entry).magnitude <= UInt64(max(0, bound.wholeMilliseconds))
        guard isBorneOut || !hasJumped(wall: now, uptime: uptime, lastEntry: lastEntry, bound: bound) else { return }
        wall = now
        self.uptime = uptime
    }
}

extension Duration {
    /// Whole milliseconds, or the nearest number that there is.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        if overflow { return seconds < 0 ? .min : .max }
        return product.clampedPlus(attoseconds / 1_000_000_000_000_000)
    }
}

/// Times of entries may be anything.
extension Int64 {
    /// The sum, or the nearest number that there is.
    func clampedPlus(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    /// The difference, or the nearest number that there is.
    func clampedMinus(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
}

extension Clock where Duration == Swift.Duration {
    /// How much time passed on this clock since now.
    func stopwatch() -> @Sendable () -> Swift.Duration {
        let start = now
        return { start.duration(to: now) }
    }
}
