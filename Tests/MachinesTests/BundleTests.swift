import Foundation
import Testing

@testable import Machines

/// What is written for the runtime, and what is refused before.
@Suite("Bundles")
struct BundleTests {
    private let image = MachineImage(
        layers: ["/layers/a"], entrypoint: ["/server"], command: ["--default"],
        environment: ["A": "image", "B": "image"])

    private func spec(_ change: (inout MachineSpec) -> Void = { _ in }) throws -> MachineSpec {
        var spec = MachineSpec(
            id: try #require(MachineID("web")), image: "sha256:x",
            resources: MachineResources(cpuMillis: 1_000, memoryBytes: 256 << 20))
        change(&spec)
        return spec
    }

    private func json(_ spec: MachineSpec, firstID: UInt32? = 2_000_000_000) throws -> [String: Any] {
        let places = BundleWriter.Places(
            place: "/run/p", network: "/run/netns/n", user: "/run/netns/n.user", cgroup: "/skerry-machines/k/web",
            firstID: firstID)
        let text = try BundleWriter.encode(BundleWriter.config(spec, image, at: places, openFiles: 1_024))
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test(
        "The configuration confines: namespaces, no new privileges, few capabilities, limits, a filter, a read-only root"
    )
    func confines() throws {
        let config = try json(try spec())
        let process = try #require(config["process"] as? [String: Any])
        let linux = try #require(config["linux"] as? [String: Any])
        let types = (linux["namespaces"] as? [[String: Any]])?.compactMap { $0["type"] as? String } ?? []
        #expect(Set(types) == ["pid", "ipc", "uts", "mount", "cgroup", "network", "user"])
        #expect(process["noNewPrivileges"] as? Bool == true && process["terminal"] as? Bool == false)
        let powers = try #require((process["capabilities"] as? [String: [String]])?["bounding"])
        for power in ["CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_SYS_PTRACE", "CAP_MKNOD", "CAP_SYS_CHROOT"]
        {
            #expect(!powers.contains(power))
        }
        let limits = try #require(process["rlimits"] as? [[String: Any]])
        let files = limits.first { $0["type"] as? String == "RLIMIT_NOFILE" }
        #expect(files?["hard"] as? Int == 1_024, "never above the host's own")
        #expect((config["root"] as? [String: Any])?["readonly"] as? Bool == true)
        #expect(((linux["seccomp"] as? [String: Any])?["defaultAction"] as? String) == "SCMP_ACT_ERRNO")
        #expect((linux["maskedPaths"] as? [String])?.contains("/proc/kcore") == true)
        let mapping = (linux["uidMappings"] as? [[String: Any]])?.first
        #expect(mapping?["hostID"] as? Int == 2_000_000_000 && mapping?["size"] as? Int == 65_536)
    }

    @Test("Limits are those of the spec, without swap")
    func limits() throws {
        let places = BundleWriter.Places(place: "/p", network: "/n", user: "/n.user", cgroup: "/c", firstID: nil)
        let linux = BundleWriter.config(try spec(), image, at: places, openFiles: 99_999).linux
        #expect(linux.resources.memory.limit == 256 << 20 && linux.resources.memory.swap == 256 << 20)
        #expect(linux.resources.cpu.quota == 100_000 && linux.resources.cpu.period == 100_000)
        #expect(linux.resources.pids.limit == 256)
        #expect(linux.uidMappings == nil && !linux.namespaces.contains { $0.type == "user" })
    }

    @Test("Command and environment: the spec's before the image's; nobody but root has capabilities")
    func process() throws {
        let places = BundleWriter.Places(place: "/p", network: "/n", user: "/n.user", cgroup: "/c", firstID: nil)
        func process(_ spec: MachineSpec) -> RuntimeConfig.Process {
            BundleWriter.config(spec, image, at: places, openFiles: 1_024).process
        }
        #expect(process(try spec()).args == ["/server", "--default"])
        #expect(process(try spec { $0.command = ["x"] }).args == ["/server", "x"])
        #expect(process(try spec { $0.entrypoint = [] }).args == ["--default"])
        let environment = process(try spec { $0.environment = ["B": "spec"] }).env
        #expect(
            environment.contains("A=image") && environment.contains("B=spec") && environment.contains("HOSTNAME=web"))
        let user = process(try spec { $0.user = MachineUser(user: 5, group: 6) })
        #expect(user.capabilities.effective.isEmpty && user.user.uid == 5 && user.user.gid == 6)
    }

    @Test("A command is started as the machine's program is, but for what it says itself")
    func command() throws {
        func process(_ command: MachineCommand) throws -> RuntimeConfig.Process {
            try BundleWriter.process(command, in: try spec(), image, openFiles: 1_024)
        }
        let plain = try process(MachineCommand(["ls", "-l"]))
        #expect(plain.args == ["ls", "-l"] && plain.env.contains("A=image") && plain.noNewPrivileges)
        #expect(!plain.terminal && plain.consoleSize == nil && plain.capabilities.effective.contains("CAP_CHOWN"))
        let other = try process(
            MachineCommand(
                ["ls"], environment: ["A": "command"], workingDirectory: "/x", user: MachineUser(user: 5, group: 6),
                terminal: .init(columns: 99, rows: 33)))
        // Of two the later one counts.
        #expect(other.env.last == "A=command" && other.cwd == "/x" && other.user.uid == 5 && other.user.gid == 6)
        #expect(other.capabilities.effective.isEmpty && other.capabilities.permitted.isEmpty)
        #expect(other.terminal && other.consoleSize?.width == 99 && other.consoleSize?.height == 33)
        let long = String(repeating: "x", count: BundleWriter.maxWordBytes)
        let tooMany = Array(repeating: "x", count: BundleWriter.maxWords + 1)
        let outside = MachineUser(user: MachineUser.idCount, group: 0)
        for bad in [
            MachineCommand([]), MachineCommand([""]), MachineCommand(["a\0"]), MachineCommand([long, long]),
            MachineCommand(tooMany), MachineCommand(["ls"], user: outside),
        ] {
            #expect(throws: MachineError.self) { try process(bad) }
        }
        #expect(try process(MachineCommand(tooMany.dropLast())).args.count == BundleWriter.maxWords)
    }

    @Test("Mounts: a size on every one that can be written, volumes without devices and set-user-id")
    func mounts() throws {
        let places = BundleWriter.Places(place: "/p", network: "/n", user: "/n.user", cgroup: "/c", firstID: nil)
        let spec = try spec { $0.mounts = [MachineMount(source: "/v", target: "/data", isReadOnly: true)] }
        let mounts = BundleWriter.config(spec, image, at: places, openFiles: 1_024).mounts
        for mount in mounts where mount.type == "tmpfs" { #expect(mount.options.contains { $0.hasPrefix("size=") }) }
        let volume = mounts.first { $0.destination == "/data" }
        #expect(volume?.source == "/p/v0" && volume?.options == ["bind", "ro", "nosuid", "nodev"])
    }

    private typealias Change = @Sendable (inout MachineSpec) -> Void

    private static let refusals: [(String, Change)] = [
        ("memory", { $0.resources.memoryBytes = MachineResources.leastMemoryBytes - 1 }),
        ("cpuMillis", { $0.resources.cpuMillis = 9 }),
        ("processes", { $0.resources.maxProcesses = 0 }),
        ("write in memory", { $0.resources.writableBytes = $0.resources.memoryBytes + 1 }),
        ("NUL", { $0.command = ["a\0b"] }),
        ("words", { $0.command = [String](repeating: "a", count: BundleWriter.maxWords + 1) }),
        ("longer than", { $0.command = [String(repeating: "a", count: BundleWriter.maxWordBytes)] }),
        ("environment", { $0.environment = ["A=B": "c"] }),
        ("mount path", { $0.mounts = [MachineMount(source: "relative", target: "/x")] }),
        ("mount path", { $0.mounts = [MachineMount(source: "/a/../b", target: "/x")] }),
        ("root", { $0.mounts = [MachineMount(source: "/a", target: "/")] }),
        ("same target", { $0.mounts = [.init(source: "/a", target: "/x"), .init(source: "/b", target: "/x")] }),
        (
            "mounts",
            {
                $0.mounts = (0...BundleWriter.maxMounts).map { MachineMount(source: "/a", target: "/x\($0)") }
            }
        ),
        ("port", { $0.ports = [MachinePort(name: "a", number: 0)] }),
        ("port", { $0.ports = [.init(name: "a", number: 1), .init(name: "b", number: 1)] }),
        ("below", { $0.user = MachineUser(user: MachineUser.idCount, group: 0) }),
        ("times", { $0.health = MachineHealthCheck(.tcp(port: 1), interval: .milliseconds(9)) }),
        ("threshold", { $0.health = MachineHealthCheck(.tcp(port: 1), threshold: 0) }),
        ("path", { $0.health = MachineHealthCheck(.http(port: 1, path: "/a b")) }),
        ("path", { $0.health = MachineHealthCheck(.http(port: 1, path: "/\r\nX: y")) }),
        ("command", { $0.health = MachineHealthCheck(.command([])) }),
        ("seconds to stop", { $0.stopTimeout = .seconds(601) }),
        ("signal", { $0.stopSignal = 65 }),
    ]

    @Test("What cannot be is refused with its reason", arguments: refusals.indices)
    func refused(index: Int) throws {
        let (reason, change) = Self.refusals[index]
        let spec = try spec(change)
        #expect {
            try BundleWriter.check(spec, image)
        } throws: { error in
            (error as? MachineError)?.code == .invalidSpec && "\(error)".contains(reason)
        }
    }

    @Test("At the limits it is taken")
    func taken() throws {
        try BundleWriter.check(
            try spec {
                $0.resources.memoryBytes = MachineResources.leastMemoryBytes
                $0.resources.writableBytes = MachineResources.leastMemoryBytes
                $0.resources.temporaryBytes = 0
                $0.command = [String](repeating: "a", count: BundleWriter.maxWords - 1)
                $0.mounts = (1...BundleWriter.maxMounts).map { MachineMount(source: "/a", target: "/x\($0)") }
                $0.user = MachineUser(user: MachineUser.idCount - 1, group: 0)
                $0.stopTimeout = .seconds(600)
            }, image)
        let layers = (0...MachineImage.maxLayers).map { "/l\($0)" }
        var large = image
        large.layers = layers
        #expect(throws: MachineError.self) { try BundleWriter.check(try spec(), large) }
        large.layers.removeLast()
        try BundleWriter.check(try spec(), large)
    }

    @Test("The filter lets through what programs need and nothing that changes the host")
    func filter() {
        let allowed = Set(SeccompProfile.allowed)
        for name in ["read", "write", "openat", "execve", "futex", "epoll_wait", "accept4", "mmap", "getrandom"] {
            #expect(allowed.contains(name))
        }
        for name in [
            "mount", "umount2", "pivot_root", "setns", "unshare", "ptrace", "bpf", "perf_event_open", "kexec_load",
            "init_module", "finit_module", "add_key", "keyctl", "userfaultfd", "io_uring_setup", "process_vm_writev",
            "open_by_handle_at", "reboot", "swapon", "clone", "clone3", "chroot", "settimeofday", "fsopen",
            "move_mount", "socket",
        ] { #expect(!allowed.contains(name)) }
        // Sockets of the families that a network namespace confines, and no others: 40 would be a hypervisor's.
        let sockets = SeccompProfile.profile.syscalls.filter { $0.names == ["socket"] }
        #expect(sockets.map { $0.args?.map(\.value) } == [[1], [2], [10], [16]])
        #expect(sockets.allSatisfy { $0.args?.map(\.op) == ["SCMP_CMP_EQ"] && $0.action == "SCMP_ACT_ALLOW" })
    }
}
