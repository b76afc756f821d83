import Bundling
import CLinux
import Foundation
import Functions

#if canImport(Glibc)
    import Glibc
#endif

/// Looks at this machine; each check does what it reports on.
enum HostChecks {
    /// Fewer open files than these end a node under load.
    private static let wantedFiles: Int64 = 8_192
    private static let leastFiles: Int64 = 256
    /// Less room than this for blobs and the ledger, in bytes.
    private static let wantedRoom: Int64 = 2 << 30
    private static let leastRoom: Int64 = 64 << 20
    /// An fsync that takes longer makes every deploy and every ledger entry slow.
    private static let slowSync = Duration.milliseconds(50)
    private static let syncs = 5
    /// No clock is right that shows a time before this program existed: 2025-01-01, in seconds since 1970.
    private static let earliest: Int64 = 1_735_689_600

    static func kernel(_ report: inout DoctorReport) {
        var name = utsname()
        uname(&name)
        let release = withUnsafeBytes(of: name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        report.add("kernel", .ok, release)
        let landlock = WorkerInspection.landlockVersion
        report.add(
            "landlock", landlock > 0 ? .ok : .warning,
            landlock > 0 ? "ABI \(landlock)" : "none; it needs Linux 5.13 or later with landlock in lsm=")
        let limit = text("/proc/sys/user/max_user_namespaces")
        report.add(
            "user namespaces", limit == nil || limit == "0" ? .warning : .ok,
            limit.map { $0 == "0" ? "none: user.max_user_namespaces is 0" : "up to \($0)" }
                ?? "the kernel is built without them")
        let cgroups = WorkerInspection.cgroupVersion
        report.add(
            "cgroups", cgroups == "none" ? .warning : .ok, cgroups == "none" ? "none are mounted" : cgroups)
    }

    /// Starts a worker and asks it.
    static func worker(_ path: String, _ report: inout DoctorReport) {
        do {
            let inspection = try WorkerInspection(workerPath: path)
            let seccomp = inspection.layers.first { $0.name == "seccomp" }
            if let reason = seccomp?.reason {
                report.add(
                    "worker", .failed, "\(path) runs without a system call filter, and a node refuses it: \(reason)")
            } else {
                report.add("worker", .ok, "\(path), confined and ready in \(Human.seconds(inspection.startTime))")
            }
            report.add(inspection.layers)
        } catch {
            report.add("worker", .failed, "\(path): \(error.message)")
        }
    }

    static func tools(_ report: inout DoctorReport) async {
        if let esbuild = Esbuild.onPath() {
            report.add("esbuild", .ok, "\(await esbuild.version), \(esbuild.path)")
        } else {
            report.add(
                "esbuild", .warning, "not on PATH: TypeScript, JSX and several files cannot be deployed from here")
        }
    }

    static func openFiles(_ report: inout DoctorReport) {
        let count = skerry_open_file_limit()
        guard count >= 0 else { return report.add("open files", .warning, reason("the limit cannot be read")) }
        report.add(
            "open files", count < leastFiles ? .failed : count < wantedFiles ? .warning : .ok,
            count < wantedFiles
                ? "\(count); raise it to \(wantedFiles) or more (`ulimit -n`, LimitNOFILE= of a service)"
                : "up to \(count)")
    }

    static func clock(_ report: inout DoctorReport) {
        let now = Int64(Date().timeIntervalSince1970)
        let shown = Human.date(milliseconds: now * 1_000)
        guard now >= earliest else {
            return report.add("clock", .failed, "it shows \(shown); set it: certificates and entries would be refused")
        }
        var error: Int64 = 0
        switch skerry_clock_state(&error) {
        case 0: report.add("clock", .ok, "\(shown), synchronised to \(error / 1_000) ms")
        case 1: report.add("clock", .warning, "\(shown), but nobody synchronises it; run chrony or systemd-timesyncd")
        default: report.add("clock", .warning, reason("\(shown); whether it is synchronised cannot be seen"))
        }
    }

    /// Room and the time that it takes until something is safe on the disk, in the folder of a node.
    static func disk(_ folder: String, _ report: inout DoctorReport) {
        let free = skerry_free_bytes(folder)
        guard free >= 0 else { return report.add("disk", .failed, reason("cannot look at \(folder)")) }
        report.add(
            "disk", free < leastRoom ? .failed : free < wantedRoom ? .warning : .ok,
            "\(Human.bytes(Int(free))) free in \(folder)")
        do {
            let slowest = try slowestSync(folder)
            report.add(
                "fsync", slowest > slowSync ? .warning : .ok,
                "\(Human.milliseconds(slowest)) at most in \(syncs) tries"
                    + (slowest > slowSync ? ": every deploy and every entry waits for this disk" : ""))
        } catch {
            report.add("fsync", .failed, error.description)
        }
    }

    private static func slowestSync(_ folder: String) throws(CommandError) -> Duration {
        let path = "\(folder)/.doctor-\(getpid())"
        let file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw CommandError(reason("cannot write to \(folder)")) }
        defer {
            close(file)
            unlink(path)
        }
        let page = [UInt8](repeating: 0x5A, count: 4096)
        let clock = ContinuousClock()
        var slowest = Duration.zero
        for _ in 0..<syncs {
            let start = clock.now
            guard write(file, page, page.count) == page.count, fsync(file) == 0 else {
                throw CommandError(reason("cannot write to \(folder)"))
            }
            slowest = max(slowest, clock.now - start)
        }
        return slowest
    }

    private static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path)
            .map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines) }
    }

    private static func reason(_ what: String) -> String { "\(what): \(String(cString: strerror(errno)))" }
}

extension Human {
    /// A short time with two digits behind the point.
    static func milliseconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        return String(format: "%.2f ms", Double(seconds) * 1_000 + Double(attoseconds) / 1e15)
    }
}
