import Cgroups
import Glibc

/// What this host has for running machines, found out by trying.
public struct MachineHost: Sendable {
    /// Where to look; tests look elsewhere.
    public struct Settings: Sendable {
        /// The runtime's file; nil for the best one on the path.
        public var runtime: String?
        /// `skerry-holder`'s file.
        public var holder: String
        /// Where programs are looked for; nil for `PATH` and the folders for administrators' programs.
        public var path: String?
        /// The kernel's list of mounts, from which cgroups are read.
        public var mounts = "/proc/self/mountinfo"
        /// A folder that may be used for what a restart of the host forgets; every user may pass through it.
        public var stateFolder = "/run/skerry-machines"
        /// Which blocks of addresses are whose: a file each, with the folder of the node that has it.
        var claims: String { "\(stateFolder)/blocks" }
        /// A node's part of it.
        func stateFolder(of names: HostNames) -> String { "\(stateFolder)/\(names.key)" }

        /// The host as it is. `holder` is `skerry-holder` beside this program unless said otherwise.
        public init(runtime: String? = nil, holder: String? = nil) {
            self.runtime = runtime
            self.holder = holder ?? MachineHost.besideThisProgram("skerry-holder")
        }
    }

    /// One thing that was looked at.
    public struct Finding: Sendable, Hashable {
        /// How it is.
        public enum Level: String, Sendable, Hashable {
            /// As it should be.
            case ok
            /// Machines run, with less.
            case warning
            /// No machine can run.
            case missing
        }

        /// What was looked at.
        public var name: String
        /// How it is.
        public var level: Level
        /// What was found, and what to do about it.
        public var text: String
    }

    /// Everything that was looked at.
    public private(set) var findings: [Finding] = []
    /// Machines can run here.
    public var canRun: Bool { !findings.contains { $0.level == .missing } }
    /// Why not, in a sentence; nil when they can.
    public var obstacle: String? {
        let missing = findings.filter { $0.level == .missing }
        return missing.isEmpty ? nil : missing.map { "\($0.name): \($0.text)" }.joined(separator: "; ")
    }

    /// Where, in a node's part of the state folder, its runtime keeps what it knows of containers.
    static let runtimeName = "runtime"

    let settings: Settings
    private(set) var runtime: (kind: RuntimeDriver.Kind, path: String)?
    private(set) var usesUserNamespaces = false
    private(set) var ip = ""
    private(set) var firewall = Firewall.none
    private(set) var canTranslate = false
    /// Cgroups outside of the node's own, for holders: stopping the node's service must not end them.
    private(set) var holderCgroups: [String] = []
    /// All hierarchies, in each of which a node's machines have a folder.
    private(set) var cgroupRoots: [String] = []

    /// Looks at the host. Takes some tens of milliseconds and leaves nothing behind.
    public static func inspect(_ settings: Settings = Settings()) async -> MachineHost {
        var host = MachineHost(settings: settings)
        await host.lookAround()
        return host
    }

    private init(settings: Settings) { self.settings = settings }

    private mutating func add(_ name: String, _ level: Finding.Level, _ text: String) {
        findings.append(Finding(name: name, level: level, text: text))
    }

    private mutating func lookAround() async {
        guard geteuid() == 0 else {
            return add("privileges", .missing, "machines need a node that runs as root; this one is user \(geteuid())")
        }
        add("privileges", .ok, "root")
        lookAtRuntime(cgroups: lookAtCgroups())
        if access(settings.holder, X_OK) == 0 {
            await lookAtRoots()
        } else {
            add("holder", .missing, "\(settings.holder) is not there; install it beside skerry")
        }
        await lookAtNetwork()
    }

    private mutating func lookAtCgroups() -> String {
        let mounts = ControlFile.read(settings.mounts) ?? ""
        // Machines are in cgroups below the roots: what the node's own service is given says nothing about them.
        let own = CgroupFolders(
            membership: ControlFile.read("/proc/self/cgroup") ?? "", mounts: mounts, atRoots: true,
            controllers: { ControlFile.words($0 + "/cgroup.controllers") })
        guard own.summary != "none" else {
            add("cgroups", .missing, "none are mounted; mount cgroup2 on /sys/fs/cgroup")
            return own.summary
        }
        let absent = CgroupController.allCases.filter { own.folders[$0] == nil }.map(\.rawValue)
        guard absent.isEmpty else {
            let names = absent.joined(separator: ", ")
            add(
                "cgroups", .missing,
                "\(own.summary) without \(names); enable them (cgroup.subtree_control, cgroup_enable= of the kernel)")
            return own.summary
        }
        if own.summary == "v2", !own.roots.contains(where: { $0.path == "/sys/fs/cgroup" }) {
            add("cgroups", .missing, "cgroup2 is not on /sys/fs/cgroup, where runtimes look for it; mount it there")
            return own.summary
        }
        if let memory = own.folders[.memory], memory.version == .one,
            access("\(memory.path)/memory.memsw.limit_in_bytes", F_OK) != 0
        {
            add("cgroups", .missing, "\(own.summary) without limits for swap; boot the kernel with swapaccount=1")
            return own.summary
        }
        for folder in own.roots {
            let trial = "\(folder.path)/skerry-trial-\(getpid())"
            guard mkdir(trial, 0o755) == 0 else {
                add("cgroups", .missing, "none can be made in \(folder.path): \(String(cString: strerror(errno)))")
                return own.summary
            }
            rmdir(trial)
        }
        cgroupRoots = own.roots.map(\.path)
        holderCgroups = own.roots.filter(\.isForServices).map(\.path)
        add("cgroups", .ok, own.summary)
        return own.summary
    }

    private mutating func lookAtRuntime(cgroups: String) {
        if let path = settings.runtime {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            guard access(path, X_OK) == 0, let kind = RuntimeDriver.Kind(rawValue: name) else {
                return add("OCI runtime", .missing, "\(path) is no crun and no runc that can be run")
            }
            runtime = (kind, path)
            return add("OCI runtime", .ok, path)
        }
        for kind in RuntimeDriver.order(cgroups: cgroups) {
            guard let path = Tool.find(kind.rawValue, path: settings.path) else { continue }
            runtime = (kind, path)
            return add("OCI runtime", .ok, path)
        }
        let wanted = cgroups == "hybrid" ? "runc (crun refuses hybrid cgroups)" : "crun or runc"
        add("OCI runtime", .missing, "install \(wanted)")
    }

    private mutating func lookAtRoots() async {
        let place = "\(settings.stateFolder)/trial-\(getpid())"
        let layer = place + ".layer"
        guard makeFolders(place), mkdir(layer, 0o755) == 0 || errno == EEXIST else {
            return add("root file systems", .missing, "\(place) cannot be made: \(String(cString: strerror(errno)))")
        }
        defer {
            rmdir(place)
            rmdir(layer)
        }
        // On the file system where layers are it is found out again when a machine starts.
        let check = [settings.holder, "check", "place=\(place)", "layer=\(layer)"]
        let mapped = try? await Tool.run(check + ["first-id=\(MachineNetwork.firstID(block: 0, slot: 0))"])
        if mapped?.isSuccess == true {
            usesUserNamespaces = true
            return add("root file systems", .ok, "overlay, with user namespaces")
        }
        let why = Self.line(mapped)
        let plain = try? await Tool.run(check)
        guard plain?.isSuccess == true else {
            return add("root file systems", .missing, "no overlay can be mounted (\(Self.line(plain)))")
        }
        add(
            "root file systems", .warning,
            "overlay, without user namespaces (\(why)): root in a machine is root with fewer capabilities on the host")
    }

    private mutating func lookAtNetwork() async {
        guard let ip = Tool.find("ip", path: settings.path) else {
            return add("network", .missing, "ip is not on the path; install iproute2")
        }
        self.ip = ip
        let name = "skerry-trial-\(getpid())"
        let trial = try? await Tool.run([ip, "netns", "add", name])
        guard trial?.isSuccess == true else {
            return add("network", .missing, "no network namespace can be made (\(Self.line(trial)))")
        }
        let pair = try? await Tool.run(
            [ip, "link", "add", "sktrial\(getpid() % 10_000)", "type", "veth", "peer", "name", "eth0", "netns", name])
        _ = try? await Tool.run([ip, "netns", "delete", name])
        guard pair?.isSuccess == true else {
            return add("network", .missing, "no veth pair can be made (\(Self.line(pair)))")
        }
        firewall = await Firewall.find(path: settings.path)
        let forwards = ControlFile.read("/proc/sys/net/ipv4/ip_forward")?.hasPrefix("1") == true
        switch firewall {
        case .none:
            add("network", .missing, "nothing can keep machines from the host: install nftables, or iproute2 with tc")
        case .filter:
            add("network", .warning, "machines cannot call out: install nftables and set net.ipv4.ip_forward to 1")
        case .nft where !forwards:
            add("network", .warning, "machines cannot call out: net.ipv4.ip_forward is 0; set it to 1 if they should")
        case .nft:
            canTranslate = true
            add("network", .ok, "namespaces, and nftables for calls to public addresses")
        }
    }

    private static func line(_ result: Tool.Result?) -> String {
        result?.output.split(separator: "\n").first.map { String($0.prefix(200)) } ?? "it did not run"
    }

    private static func besideThisProgram(_ name: String) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return name }
        let path = String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
        guard let slash = path.lastIndex(of: "/") else { return name }
        return path[...slash] + name
    }
}

/// Makes a folder and those above it, which every user may pass through and nobody else may read. False when one
/// cannot be made.
func makeFolders(_ path: String) -> Bool {
    var made = ""
    for part in path.split(separator: "/") {
        made += "/\(part)"
        if mkdir(made, 0o711) != 0, errno != EEXIST { return false }
    }
    return true
}
