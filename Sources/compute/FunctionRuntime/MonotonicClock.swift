import Glibc

/// The clocks that a worker reads.
enum MonotonicClock {
    /// Nanoseconds since an arbitrary start; never goes back.
    static func now() -> UInt64 { read(CLOCK_MONOTONIC) }

    /// CPU time of the calling thread in nanoseconds.
    static func threadCPU() -> UInt64 { read(CLOCK_THREAD_CPUTIME_ID) }

    /// Milliseconds since 1970, with fractions.
    static func wallMilliseconds() -> Double { Double(read(CLOCK_REALTIME)) / 1e6 }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
