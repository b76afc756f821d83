import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// What one contender did in one round.
struct Sample {
    /// Work done, in the contest's unit: MiB, blobs, lookups.
    let work: Double
    /// By the clock.
    let seconds: Double
    /// Processor time of this process and of those that took part.
    let cpuSeconds: Double

    var rate: Double { work / max(seconds, 1e-9) }
    var cpuPerUnit: Double { max(cpuSeconds, 1e-9) / work }

    /// Times `body`.
    ///
    /// - Parameter processes: Ids of other processes that take part, whose processor time counts.
    static func timed(
        _ work: Double, processes: [Int32] = [], _ body: () async throws -> Void
    ) async throws -> Sample {
        let clock = ContinuousClock()
        let cpuBefore = try cpuSeconds() + processes.map(cpuSeconds(of:)).reduce(0, +)
        let start = clock.now
        try await body()
        let seconds = (clock.now - start).inSeconds
        let cpuAfter = try cpuSeconds() + processes.map(cpuSeconds(of:)).reduce(0, +)
        return Sample(work: work, seconds: seconds, cpuSeconds: cpuAfter - cpuBefore)
    }

    /// Processor time of this process and of its children that have ended.
    private static func cpuSeconds() -> Double {
        [RUSAGE_SELF.rawValue, RUSAGE_CHILDREN.rawValue].reduce(0) { sum, who in
            var usage = rusage()
            getrusage(who, &usage)
            return sum + seconds(usage.ru_utime) + seconds(usage.ru_stime)
        }
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

    /// Processor time of another process, from `/proc` (proc(5): `utime` and `stime` are fields 14 and 15).
    private static func cpuSeconds(of process: Int32) throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        // The second field is a name in parentheses that may contain blanks.
        guard let close = text.lastIndex(of: ")") else { throw BenchError("/proc/\(process)/stat has no name") }
        let fields = text[close...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
            throw BenchError("/proc/\(process)/stat cannot be read: \(text)")
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}

extension Duration {
    /// The same length as a floating-point number.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
