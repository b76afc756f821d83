/// Where a process's cgroups are, by controller; read from what the kernel says of it.
public struct CgroupFolders: Equatable, Sendable {
    /// The kernel's two interfaces.
    public enum Version: Equatable, Sendable { case one, two }

    /// A cgroup as a folder.
    public struct Folder: Equatable, Sendable {
        /// Where it is.
        public var path: String
        /// Which files are in it.
        public var version: Version

        /// A folder.
        public init(path: String, version: Version) {
            self.path = path
            self.version = version
        }
    }

    /// All controllers by the kernel's names, such as `cpuacct` and `freezer`.
    public private(set) var named: [String: Folder] = [:]
    /// A mounted hierarchy.
    public struct Root: Equatable, Sendable {
        /// Where it is mounted.
        public var path: String
        /// It is one by which a service manager knows what belongs to a service: version 2, or systemd's own.
        public var isForServices: Bool
    }

    /// All hierarchies that are mounted.
    public private(set) var roots: [Root] = []
    /// The mounted versions as people call them: `v1`, `v2`, `hybrid` or `none`.
    public private(set) var summary = "none"

    /// Those that limit what workers and machines take.
    public var folders: [CgroupController: Folder] {
        CgroupController.allCases.reduce(into: [:]) { $0[$1] = named[$1.rawValue] }
    }

    /// - Parameters:
    ///   - membership: `/proc/self/cgroup`.
    ///   - mounts: `/proc/self/mountinfo`.
    ///   - controllers: the words in `cgroup.controllers` of a version 2 folder.
    ///   - atRoots: the roots of the hierarchies instead, which may have controllers that a service has not.
    public init(membership: String, mounts: String, atRoots: Bool = false, controllers: (String) -> [Substring]) {
        let members = membership.split(separator: "\n").compactMap { Member($0) }
        var seen: Set<Bool> = []
        for mount in mounts.split(separator: "\n").compactMap({ Mount($0) }) {
            seen.insert(mount.isUnified)
            roots.append(
                Root(
                    path: String(mount.point), isForServices: mount.isUnified || mount.options.contains("name=systemd"))
            )
            guard let member = members.first(where: { mount.shows($0) }) else { continue }
            let path = atRoots ? String(mount.point) : mount.path(of: member)
            let offered = mount.isUnified ? controllers(path) : member.controllers
            for controller in offered {
                named[String(controller)] = Folder(path: path, version: mount.isUnified ? .two : .one)
            }
        }
        switch (seen.contains(false), seen.contains(true)) {
        case (true, true): summary = "hybrid"
        case (true, false): summary = "v1"
        case (false, true): summary = "v2"
        case (false, false): break
        }
    }

    /// The cgroups of a process of this host; nil when it is gone.
    public init?(ofProcess pid: Int32) {
        guard let membership = ControlFile.read("/proc/\(pid)/cgroup") else { return nil }
        self.init(
            membership: membership, mounts: ControlFile.read("/proc/self/mountinfo") ?? "",
            controllers: { ControlFile.words($0 + "/cgroup.controllers") })
    }

    /// A line such as `4:memory:/system.slice`; version 2 has no controllers in it.
    private struct Member {
        var controllers: [Substring]
        var path: Substring

        init?(_ line: Substring) {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[2].hasPrefix("/") else { return nil }
            controllers = parts[1].split(separator: ",")
            path = parts[2]
        }
    }

    private struct Mount {
        var root: Substring
        var point: Substring
        var isUnified: Bool
        var options: [Substring]

        /// `31 23 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory` (proc(5)).
        init?(_ line: Substring) {
            let words = line.split(separator: " ")
            guard let dash = words.firstIndex(of: "-"), dash >= 6, words.count >= dash + 4 else { return nil }
            guard words[dash + 1] == "cgroup" || words[dash + 1] == "cgroup2" else { return nil }
            root = words[3]
            point = words[4]
            isUnified = words[dash + 1] == "cgroup2"
            options = words[dash + 3].split(separator: ",")
        }

        func shows(_ member: Member) -> Bool {
            if isUnified { return member.controllers.isEmpty }
            return !member.controllers.isEmpty && member.controllers.allSatisfy { options.contains($0) }
        }

        /// A container sees its own cgroup as the mount's root, whatever the path says.
        func path(of member: Member) -> String {
            var rest = member.path
            if root != "/", rest == root || rest.hasPrefix(root + "/") { rest = rest.dropFirst(root.count) }
            return rest.isEmpty || rest == "/" ? String(point) : String(point + rest)
        }
    }
}
