import CSandbox
import Cgroups
import Glibc

/// The cgroups of one worker: a bound on what it can take of the machine before anybody has looked.
///
/// The pool ends a worker at its memory limit with an error that says so, but it looks only every 10 ms. The bound is
/// above that limit, for bursts in between.
final class WorkerCgroup: Sendable {
    /// One folder.
    struct Part: Sendable {
        var path: String
        var version: CgroupFolders.Version
        var controllers: [CgroupController]
    }

    /// What the bound leaves above the limit, in bytes: the program's files, kernel memory and a half of the limit.
    static func memoryBound(_ limit: Int) -> Int { limit + limit / 2 + (64 << 20) }
    /// Tasks of one worker; the engine makes two or three threads for each core that it uses.
    static let maxTasks = 256
    /// Shares of the CPU against the node's own 100 (version 2) or 1024 (version 1).
    static let cpuWeight = 50
    static let cpuShares = 512

    private let parts: [Part]
    /// What each part limits in fact, as layers.
    private let layers: [UInt32]
    private let discard: @Sendable (String) -> Void

    /// Takes folders that were made for it and sets their limits; `discard` removes one.
    init(parts: [Part], memoryBytes: Int, discard: @escaping @Sendable (String) -> Void) {
        self.parts = parts
        self.discard = discard
        layers = parts.map { part in
            part.controllers.reduce(0) { Self.limit($1, in: part, memoryBytes) ? $0 | $1.layer : $0 }
        }
    }

    /// Changes the bound for a function whose limit differs from the one that the worker was started with.
    func limitMemory(_ limit: Int) {
        for part in parts where part.controllers.contains(.memory) { _ = Self.limit(.memory, in: part, limit) }
    }

    /// Sets a controller's limit; false when the kernel took none.
    private static func limit(_ controller: CgroupController, in part: Part, _ memoryBytes: Int) -> Bool {
        let isNew = part.version == .two
        switch controller {
        case .memory where isNew:
            // Swapping would slow everybody down instead of ending the one that asks for too much.
            _ = set("memory.swap.max", 0, in: part)
            return set("memory.max", memoryBound(memoryBytes), in: part)
        case .memory:
            let bound = memoryBound(memoryBytes)
            // The limit with swap may never be the smaller one, so the first write fails when both must rise.
            _ = set("memory.limit_in_bytes", bound, in: part)
            _ = set("memory.memsw.limit_in_bytes", bound, in: part)
            return set("memory.limit_in_bytes", bound, in: part)
        case .cpu:
            return set(isNew ? "cpu.weight" : "cpu.shares", isNew ? cpuWeight : cpuShares, in: part)
        case .pids:
            return set("pids.max", maxTasks, in: part)
        }
    }

    /// Gives the folders' open files to `body`, for the process that joins.
    func withMembership<Result>(_ body: (UnsafeBufferPointer<skerry_cgroup>) -> Result) -> Result {
        let members = zip(parts, layers).compactMap { part, layers -> skerry_cgroup? in
            let file = open(part.path + (part.version == .two ? "/cgroup.procs" : "/tasks"), O_WRONLY | O_CLOEXEC)
            guard file >= 0 else { return nil }
            return skerry_cgroup(descriptor: file, layers: layers)
        }
        defer { for member in members { close(member.descriptor) } }
        return members.withUnsafeBufferPointer(body)
    }

    /// Whether the kernel ended a process in it for want of memory.
    var ranOutOfMemory: Bool {
        for part in parts where part.controllers.contains(.memory) {
            let file = part.version == .two ? "/memory.events" : "/memory.oom_control"
            let lines = (ControlFile.read(part.path + file) ?? "").split(separator: "\n")
            if lines.contains(where: { $0.hasPrefix("oom_kill ") && $0 != "oom_kill 0" }) { return true }
        }
        return false
    }

    /// Removes the folders, now or, while the kernel still counts a process in them, before a later worker starts.
    func remove() {
        for part in parts { discard(part.path) }
    }

    private static func set(_ file: String, _ value: Int, in part: Part) -> Bool {
        ControlFile.write("\(value)", to: part.path + "/" + file) == 0
    }
}
