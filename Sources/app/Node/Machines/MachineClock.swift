// In a module that uses Foundation, the C library's structures may be seen as its.
import CoreFoundation

#if canImport(Glibc)
    import Glibc
#endif

/// The clock that leases are counted by on this node.
enum MachineClock {
    /// Milliseconds since the host started, those that it slept too: the guards of containers read the same clock.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
