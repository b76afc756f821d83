import Cgroups

/// A container's cgroups, from which its usage is read; they outlive its processes until the runtime removes them.
struct MachineCgroups: Sendable, Codable {
    private var memory: String?
    private var isNewMemory = false
    private var cpu: String?
    private var isNewCPU = false
    private var pids: String?

    /// Those of a running process; nil when it is gone.
    init?(process: Int32) {
        guard let folders = CgroupFolders(ofProcess: process) else { return nil }
        let named = folders.named
        memory = named["memory"]?.path
        isNewMemory = named["memory"]?.version == .two
        let accounting = named["cpu"]?.version == .two ? named["cpu"] : named["cpuacct"]
        cpu = accounting?.path
        isNewCPU = accounting?.version == .two
        pids = named["pids"]?.path
    }

    /// The container's, and not the node's own: its process may have been in ours when it was looked at.
    func belongs(to id: MachineID) -> Bool { memory?.hasSuffix("/\(id)") == true }

    /// Their folders, each once.
    var folders: [String] { Set([memory, cpu, pids].compactMap { $0 }).sorted() }

    /// Processor time so far, in nanoseconds.
    var cpuNanoseconds: UInt64 {
        guard let cpu else { return 0 }
        if isNewCPU { return Self.value("usage_usec", in: cpu + "/cpu.stat") * 1_000 }
        return Self.number(cpu + "/cpuacct.usage")
    }

    /// Bytes that count against the limit.
    var memoryBytes: Int {
        guard let memory else { return 0 }
        return Int(clamping: Self.number(memory + (isNewMemory ? "/memory.current" : "/memory.usage_in_bytes")))
    }

    /// Processes that the kernel ended for want of memory.
    var outOfMemoryKills: Int {
        guard let memory else { return 0 }
        return Int(
            clamping: Self.value("oom_kill", in: memory + (isNewMemory ? "/memory.events" : "/memory.oom_control")))
    }

    /// Processes and threads now.
    var processes: Int { pids.map { Int(clamping: Self.number($0 + "/pids.current")) } ?? 0 }

    /// How often a process could not be made because there were as many as there may be.
    var refusedProcesses: Int { pids.map { Int(clamping: Self.value("max", in: $0 + "/pids.events")) } ?? 0 }

    private static func number(_ path: String) -> UInt64 {
        ControlFile.words(path).first.flatMap { UInt64($0) } ?? 0
    }

    /// The number behind a word, such as in `oom_kill 3`.
    private static func value(_ name: String, in path: String) -> UInt64 {
        let words = ControlFile.words(path)
        guard let index = words.firstIndex(of: Substring(name)), index + 1 < words.count else { return 0 }
        return UInt64(words[index + 1]) ?? 0
    }
}
