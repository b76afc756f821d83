import Cgroups
import Glibc

/// Cgroups of workers that nodes left because they were killed: in all hierarchies, with no process in them.
public struct WorkerRemains: Sendable, Hashable {
    /// The folders' paths.
    public let cgroups: [String]

    /// There are none.
    public var isEmpty: Bool { cgroups.isEmpty }

    /// Cgroups within cgroups that are looked at.
    static let maxDepth = 12
    /// Folders that are looked at in each hierarchy.
    static let maxFolders = 50_000

    /// Nothing.
    public static let none = WorkerRemains(below: []) { _ in false }

    /// Of all nodes whose process has ended.
    public static func ofGoneProcesses() -> WorkerRemains { WorkerRemains(below: roots, where: ownerIsGone) }

    /// Of the node that was process `pid`; none while there is a process of that number.
    public static func ofProcess(_ pid: Int32) -> WorkerRemains {
        WorkerRemains(below: roots) { owner(of: $0) == pid && ownerIsGone($0) }
    }

    init(below roots: [String], where isWanted: (String) -> Bool) {
        var found: [String] = []
        for root in roots {
            var seen = 0
            WorkerRemains.walk(root, depth: 0, &seen) { folder, name in
                guard isWanted(name), ControlFile.words(folder + "/cgroup.procs").isEmpty else { return }
                found.append(folder)
            }
        }
        cgroups = found.sorted()
    }

    /// Removes them; one that a process joined since then stays.
    public func remove() {
        for path in cgroups { rmdir(path) }
    }

    /// Whether a cgroup's name is one of a worker, or of a node beside its workers, and that node's process has ended.
    static func ownerIsGone(_ name: String) -> Bool {
        guard let owner = owner(of: name), owner != getpid() else { return false }
        return kill(owner, 0) != 0 && errno == ESRCH
    }

    /// The process in a name such as `skerry-worker-4711-3` or `skerry-node-4711`.
    private static func owner(of name: String) -> pid_t? {
        for prefix in [WorkerCgroups.workerPrefix, WorkerCgroups.nodePrefix] where name.hasPrefix(prefix) {
            return name.dropFirst(prefix.count).split(separator: "-").first.flatMap { pid_t($0) }.flatMap {
                $0 > 0 ? $0 : nil
            }
        }
        return nil
    }

    private static var roots: [String] { CgroupFolders(ofProcess: getpid())?.roots.map(\.path) ?? [] }

    private static func walk(_ path: String, depth: Int, _ seen: inout Int, _ visit: (String, String) -> Void) {
        for name in ControlFile.folders(in: path) {
            seen += 1
            guard seen <= maxFolders else { return }
            let folder = "\(path)/\(name)"
            visit(folder, name)
            if depth + 1 < maxDepth { walk(folder, depth: depth + 1, &seen, visit) }
        }
    }
}
