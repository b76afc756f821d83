import Foundation

/// What this process holds.
enum Memory {
    /// Resident memory in MiB.
    static func residentMiB() throws -> Double {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        guard let kib = line?.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Double($0) }) else {
            throw BenchError("/proc/self/status has no VmRSS")
        }
        return kib / 1_024
    }
}
