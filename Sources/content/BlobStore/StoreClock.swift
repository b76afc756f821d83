import CLinux

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The clocks that a store reads; tests bring their own.
package struct StoreClock: Sendable {
    /// Wall clock, in milliseconds since 1970 UTC. For people only: nothing is decided by it, since it may jump.
    package var wallMilliseconds: @Sendable () -> Int64
    /// A clock that only goes forwards, in milliseconds since some moment.
    package var uptimeMilliseconds: @Sendable () -> Int64

    package init(
        wallMilliseconds: @escaping @Sendable () -> Int64, uptimeMilliseconds: @escaping @Sendable () -> Int64
    ) {
        self.wallMilliseconds = wallMilliseconds
        self.uptimeMilliseconds = uptimeMilliseconds
    }

    /// The machine's clocks.
    package static let system = StoreClock(
        wallMilliseconds: { Files.milliseconds() },
        uptimeMilliseconds: {
            var now = timespec()
            clock_gettime(CLOCK_MONOTONIC, &now)
            return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
        })
}

/// A moment in the life of a store.
struct StoreInstant: Sendable, Hashable {
    /// How long the store has been open, over all its openings: the time by which heat fades and blobs, finished or not,
    /// grow old.
    ///
    /// Nobody uses blobs while their store is closed, and this never goes backwards or leaps.
    var openMilliseconds: Int64
    /// Milliseconds since 1970 UTC, for people.
    var wallMilliseconds: Int64
}

/// Tells the time of a store.
struct StoreTime: Sendable {
    private let clock: StoreClock
    private let openedAt: Int64
    private let before: Int64

    /// - Parameter before: Milliseconds that the store had been open before this time.
    init(_ clock: StoreClock, before: Int64) {
        self.clock = clock
        self.before = max(0, before)
        openedAt = clock.uptimeMilliseconds()
    }

    var openMilliseconds: Int64 {
        let (passed, overflow) = clock.uptimeMilliseconds().subtractingReportingOverflow(openedAt)
        guard !overflow, passed > 0 else { return before }
        let (sum, isTooMuch) = before.addingReportingOverflow(passed)
        return isTooMuch ? .max : sum
    }

    var now: StoreInstant {
        StoreInstant(openMilliseconds: openMilliseconds, wallMilliseconds: clock.wallMilliseconds())
    }
}

extension Duration {
    /// Whole milliseconds, from 0 to what fits.
    var clampedMilliseconds: Int64 {
        let (seconds, fraction) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return seconds > 0 ? .max : 0 }
        let (sum, isTooMuch) = whole.addingReportingOverflow(fraction / 1_000_000_000_000_000)
        return isTooMuch ? .max : max(0, sum)
    }
}
