import Cgroups
import Glibc
import Synchronization

/// The cgroups in which this process may put its workers: below its own, where the host lets it make some.
///
/// Version 1 and version 2 are used side by side, controller by controller. Folders that a process left behind
/// because it was killed are removed by the next one.
final class WorkerCgroups: Sendable {
    /// Looked for once, when the first worker is started.
    static let ofThisProcess = WorkerCgroups()

    static let workerPrefix = "skerry-worker-"
    static let nodePrefix = "skerry-node-"

    /// `v1`, `v2`, `hybrid` or `none`.
    let summary: String
    /// Where folders can be made.
    let folders: [CgroupController: CgroupFolders.Folder]
    /// Why a controller is of no use, as an errno.
    let refusals: [CgroupController: Int32]
    private let lastNumber = Mutex(0)
    /// Folders that were still busy when their worker had ended.
    private let leftovers = Mutex<[String]>([])

    /// Looks at this process's own cgroups.
    init() {
        let own = CgroupFolders(
            membership: ControlFile.read("/proc/self/cgroup") ?? "",
            mounts: ControlFile.read("/proc/self/mountinfo") ?? "",
            controllers: { ControlFile.words($0 + "/cgroup.controllers") })
        summary = own.summary
        var folders: [CgroupController: CgroupFolders.Folder] = [:]
        var refusals: [CgroupController: Int32] = [:]
        let unified = own.folders.filter { $0.value.version == .two }
        if let path = unified.values.first?.path {
            let (base, refused) = Self.delegate(Array(unified.keys), below: path)
            for controller in unified.keys {
                folders[controller] = CgroupFolders.Folder(path: base, version: .two)
                refusals[controller] = refused[controller]
            }
        }
        for (controller, folder) in own.folders where folder.version == .one { folders[controller] = folder }
        for controller in CgroupController.allCases where refusals[controller] == nil {
            let error = folders[controller].map { Self.trial(in: $0.path) } ?? ENOENT
            if error != 0 { refusals[controller] = error }
        }
        self.folders = folders.filter { refusals[$0.key] == nil }
        self.refusals = refusals
        for path in Set(self.folders.values.map(\.path)) { Self.sweep(path) }
    }

    /// Makes the cgroups of one worker; what fails is left out. Costs some tenths of a millisecond.
    func make(memoryBytes: Int) -> WorkerCgroup {
        for path in leftovers.withLock({ $0 }) { discard(path) }
        let number = lastNumber.withLock { number in
            number += 1
            return number
        }
        let name = "\(Self.workerPrefix)\(getpid())-\(number)"
        var parts: [WorkerCgroup.Part] = []
        for (path, group) in Dictionary(grouping: folders, by: { $0.value.path }) {
            let folder = path + "/" + name
            guard mkdir(folder, 0o755) == 0, let version = group.first?.value.version else { continue }
            parts.append(WorkerCgroup.Part(path: folder, version: version, controllers: group.map { $0.key }))
        }
        return WorkerCgroup(parts: parts, memoryBytes: memoryBytes) { [weak self] in self?.discard($0) }
    }

    private func discard(_ path: String) {
        let isGone = rmdir(path) == 0 || errno == ENOENT
        leftovers.withLock { leftovers in
            leftovers.removeAll { $0 == path }
            if !isGone { leftovers.append(path) }
        }
    }

    // MARK: Setting up

    /// Lets children of the version 2 folder have controllers. A folder with such children has no processes of its own
    /// (cgroup-v2.rst, "No Internal Process Constraint"), so this process moves into one of them; it moves back when
    /// others are in the folder that cannot be moved.
    private static func delegate(
        _ controllers: [CgroupController], below path: String
    ) -> (base: String, refusals: [CgroupController: Int32]) {
        var base = path
        // A process of this program did this before and started us from its leaf.
        if let slash = path.lastIndex(of: "/"), path[path.index(after: slash)...].hasPrefix(nodePrefix) {
            base = String(path[..<slash])
        }
        var refusals = enable(controllers, in: base)
        guard refusals.values.contains(EBUSY) else { return (base, refusals) }
        let leaf = "\(base)/\(nodePrefix)\(getpid())"
        guard mkdir(leaf, 0o755) == 0 || errno == EEXIST else { return (base, refusals) }
        guard ControlFile.write("\(getpid())", to: leaf + "/cgroup.procs") == 0 else {
            rmdir(leaf)
            return (base, refusals)
        }
        refusals = enable(controllers, in: base)
        if refusals.count == controllers.count,
            ControlFile.write("\(getpid())", to: base + "/cgroup.procs") == 0
        {
            rmdir(leaf)
        }
        return (base, refusals)
    }

    private static func enable(_ controllers: [CgroupController], in path: String) -> [CgroupController: Int32] {
        let enabled = ControlFile.words(path + "/cgroup.subtree_control")
        var refusals: [CgroupController: Int32] = [:]
        for controller in controllers where !enabled.contains(Substring(controller.rawValue)) {
            let error = ControlFile.write("+\(controller.rawValue)", to: path + "/cgroup.subtree_control")
            if error != 0 { refusals[controller] = error }
        }
        return refusals
    }

    /// Makes and removes a folder. Returns 0 or an errno.
    private static func trial(in path: String) -> Int32 {
        let folder = "\(path)/\(workerPrefix)\(getpid())-trial"
        guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { return errno }
        return rmdir(folder) == 0 ? 0 : errno
    }

    /// Removes what processes that are gone left behind; a folder with a process in it cannot be removed.
    private static func sweep(_ path: String) {
        for name in ControlFile.folders(in: path) where WorkerRemains.ownerIsGone(name) { rmdir(path + "/" + name) }
    }
}
