import Foundation
import Glibc

/// Makes a machine's `config.json`.
struct BundleWriter {
    /// Where things of this start are.
    struct Places: Sendable {
        /// Where the holder puts the root together; see `skerry-holder`.
        var place: String
        /// The network namespace's file.
        var network: String
        /// The user namespace's file, which the network namespace belongs to.
        var user: String
        /// The container's cgroup below each controller's root, absolute.
        var cgroup: String
        /// The host's id of the machine's root; nil for no user namespace.
        var firstID: UInt32?
    }

    /// Mounts of one machine.
    static let maxMounts = 32
    /// Words of a command, and pairs of an environment.
    static let maxWords = 1_024
    /// Bytes of all of them together: under the kernel's own limit for one exec.
    static let maxWordBytes = 128 << 10

    /// What is left of root's powers: over files and processes of the machine itself.
    static let capabilities = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SETGID",
        "CAP_SETUID",
    ]
    /// Files of the kernel that tell about the host, or change it.
    static let maskedPaths = [
        "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/scsi",
        "/proc/sched_debug", "/proc/timer_list", "/proc/timer_stats", "/proc/interrupts", "/proc/kallsyms",
    ]
    static let readOnlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]

    /// Checks all that can be checked without the host's help.
    static func check(_ spec: MachineSpec, _ image: MachineImage) throws(MachineError) {
        func refuse(_ text: String) -> MachineError { MachineError(.invalidSpec, "machine \(spec.id): \(text)") }
        let resources = spec.resources
        guard MachineResources.cpuRange.contains(resources.cpuMillis) else {
            throw refuse("cpuMillis \(resources.cpuMillis) is not within \(MachineResources.cpuRange)")
        }
        guard MachineResources.memoryRange.contains(resources.memoryBytes) else {
            throw refuse("\(resources.memoryBytes) bytes of memory are not within \(MachineResources.memoryRange)")
        }
        guard MachineResources.processRange.contains(resources.maxProcesses),
            MachineResources.fileRange.contains(resources.maxOpenFiles)
        else { throw refuse("its limits for processes or open files are out of range") }
        guard (0...resources.memoryBytes).contains(resources.writableBytes),
            (0...resources.memoryBytes).contains(resources.temporaryBytes)
        else { throw refuse("what it may write in memory is more than its memory") }
        guard (1...MachineImage.maxLayers).contains(image.layers.count) else {
            throw refuse("an image has 1 to \(MachineImage.maxLayers) layers, not \(image.layers.count)")
        }
        guard image.layers.allSatisfy({ $0.hasPrefix("/") }) else { throw refuse("a layer's path is not absolute") }
        let words = arguments(spec, image)
        guard let first = words.first, !first.isEmpty else { throw refuse("neither it nor its image has a command") }
        let environment = environment(spec, image)
        guard words.count <= maxWords, environment.count <= maxWords,
            (words + environment).reduce(0, { $0 + $1.utf8.count + 1 }) <= maxWordBytes
        else { throw refuse("its command and environment are longer than \(maxWordBytes) bytes or \(maxWords) words") }
        let workingDirectory = spec.workingDirectory ?? image.workingDirectory
        guard (words + environment + [workingDirectory]).allSatisfy({ !$0.utf8.contains(0) }) else {
            throw refuse("its command or environment has a NUL byte")
        }
        let names = Array(spec.environment.keys) + image.environment.keys
        guard names.allSatisfy({ !$0.isEmpty && !$0.contains("=") }) else {
            throw refuse("a name in its environment is empty or has a =")
        }
        guard spec.mounts.count <= maxMounts else { throw refuse("it has more than \(maxMounts) mounts") }
        for mount in spec.mounts {
            for path in [mount.source, mount.target] { try checkPath(path, refuse) }
            guard mount.target != "/" else { throw refuse("nothing can be mounted on its root") }
        }
        guard Set(spec.mounts.map(\.target)).count == spec.mounts.count else {
            throw refuse("two mounts have the same target")
        }
        guard Set(spec.ports.map(\.number)).count == spec.ports.count, !spec.ports.contains(where: { $0.number == 0 })
        else { throw refuse("a port is 0 or twice in it") }
        let user = spec.user ?? image.user
        guard user.user < MachineUser.idCount, user.group < MachineUser.idCount else {
            throw refuse("user and group are below \(MachineUser.idCount)")
        }
        if let health = spec.health { try check(health, refuse) }
        guard (Duration.zero...Duration.seconds(600)).contains(spec.stopTimeout) else {
            throw refuse("it may take 0 to 600 seconds to stop")
        }
        if let signal = spec.stopSignal ?? image.stopSignal, !(1...64).contains(signal) {
            throw refuse("\(signal) is no signal")
        }
    }

    private static func checkPath(_ path: String, _ refuse: (String) -> MachineError) throws(MachineError) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        guard path.hasPrefix("/"), !path.utf8.contains(0), path.utf8.count <= 1_024, !parts.contains(".."),
            !parts.contains(".")
        else { throw refuse("the mount path \(path) is not absolute and plain") }
    }

    private static func check(
        _ health: MachineHealthCheck, _ refuse: (String) -> MachineError
    ) throws(MachineError) {
        for duration in [health.interval, health.timeout, health.grace] {
            guard MachineHealthCheck.durationRange.contains(duration) else {
                throw refuse("a health check's times are 10 ms to an hour")
            }
        }
        guard MachineHealthCheck.thresholdRange.contains(health.threshold) else {
            throw refuse("a health check's threshold is within \(MachineHealthCheck.thresholdRange)")
        }
        switch health.probe {
        case .http(let port, let path):
            guard port > 0, path.hasPrefix("/"), path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
                path.utf8.count <= 2_048
            else { throw refuse("the health check's path must begin with / and be printable ASCII without spaces") }
        case .tcp(let port): guard port > 0 else { throw refuse("the health check's port is 0") }
        case .command(let words):
            guard let first = words.first, !first.isEmpty, words.count <= maxWords else {
                throw refuse("the health check has no command")
            }
        }
    }

    static func arguments(_ spec: MachineSpec, _ image: MachineImage) -> [String] {
        (spec.entrypoint ?? image.entrypoint) + (spec.command.isEmpty ? image.command : spec.command)
    }

    static func environment(_ spec: MachineSpec, _ image: MachineImage) -> [String] {
        var all = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME": "\(spec.id)"]
        all.merge(image.environment) { $1 }
        all.merge(spec.environment) { $1 }
        return all.map { "\($0)=\($1)" }.sorted()
    }

    /// The configuration of a checked spec. `openFiles` is this process's own hard limit.
    static func config(
        _ spec: MachineSpec, _ image: MachineImage, at places: Places, openFiles: UInt64
    ) -> RuntimeConfig {
        RuntimeConfig(
            root: .init(path: places.place + "/root", readonly: spec.resources.writableBytes == 0),
            hostname: "\(spec.id)", process: process(spec, image, openFiles: openFiles),
            mounts: mounts(spec, places), linux: linux(spec, places))
    }

    private static func process(
        _ spec: MachineSpec, _ image: MachineImage, openFiles: UInt64
    ) -> RuntimeConfig.Process {
        let user = spec.user ?? image.user
        let files = min(UInt64(spec.resources.maxOpenFiles), openFiles)
        return RuntimeConfig.Process(
            user: .init(uid: user.user, gid: user.group), args: arguments(spec, image),
            env: environment(spec, image), cwd: spec.workingDirectory ?? image.workingDirectory,
            capabilities: powers(of: user),
            rlimits: [
                .init(type: "RLIMIT_NOFILE", hard: files, soft: files),
                .init(type: "RLIMIT_CORE", hard: 0, soft: 0),
            ],
            // Rather a machine than the node when the host itself runs out of memory.
            oomScoreAdj: 300)
    }

    private static func powers(of user: MachineUser) -> RuntimeConfig.Capabilities {
        let powers = user.user == 0 ? capabilities : []
        return RuntimeConfig.Capabilities(bounding: capabilities, effective: powers, permitted: powers)
    }

    /// A command in the machine of a checked spec: as its own program is started, but for what the command says.
    ///
    /// - Throws: `.invalidSpec` for a command that is empty or too long, or has a NUL byte, and for a user out of range.
    static func process(
        _ command: MachineCommand, in spec: MachineSpec, _ image: MachineImage, openFiles: UInt64
    ) throws(MachineError) -> RuntimeConfig.Process {
        var process = process(spec, image, openFiles: openFiles)
        process.args = command.arguments
        // Of two with the same name the later one counts.
        process.env += command.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        process.cwd = command.workingDirectory ?? process.cwd
        if let user = command.user {
            process.user = .init(uid: user.user, gid: user.group)
            process.capabilities = powers(of: user)
        }
        if let terminal = command.terminal {
            process.terminal = true
            process.consoleSize = .init(height: terminal.rows, width: terminal.columns)
        }
        let words = process.args + process.env + [process.cwd]
        guard let first = process.args.first, !first.isEmpty, process.args.count <= maxWords,
            process.env.count <= 2 * maxWords, words.reduce(0, { $0 + $1.utf8.count + 1 }) <= 2 * maxWordBytes,
            words.allSatisfy({ !$0.utf8.contains(0) }), process.user.uid < MachineUser.idCount,
            process.user.gid < MachineUser.idCount
        else {
            throw MachineError(
                .invalidSpec, "the command is empty, too long, or has a NUL byte, or its user is none of a machine")
        }
        return process
    }

    private static func mounts(_ spec: MachineSpec, _ places: Places) -> [RuntimeConfig.Mount] {
        let inert = ["nosuid", "noexec", "nodev"]
        let size = "size=\(max(spec.resources.temporaryBytes, 4_096))"
        func tmpfs(_ target: String, _ options: [String]) -> RuntimeConfig.Mount {
            .init(destination: target, type: "tmpfs", source: "tmpfs", options: options)
        }
        var mounts: [RuntimeConfig.Mount] = [
            .init(destination: "/proc", type: "proc", source: "proc", options: inert),
            tmpfs("/dev", ["nosuid", "strictatime", "mode=755", "size=64k"]),
            .init(
                destination: "/dev/pts", type: "devpts", source: "devpts",
                options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]),
            .init(destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: inert),
            tmpfs("/dev/shm", inert + ["mode=1777", size]),
            // The host's own would tell of its devices, and cannot be mounted in a user namespace that does not own the
            // network namespace.
            tmpfs("/sys", inert + ["ro", "mode=755", "size=4k"]),
            tmpfs("/tmp", ["nosuid", "nodev", "mode=1777", size]),
            tmpfs("/run", ["nosuid", "nodev", "mode=755", size]),
        ]
        for (index, mount) in spec.mounts.enumerated() {
            mounts.append(
                .init(
                    destination: mount.target, type: "bind", source: "\(places.place)/v\(index)",
                    options: ["bind", mount.isReadOnly ? "ro" : "rw", "nosuid", "nodev"]))
        }
        return mounts
    }

    private static func linux(_ spec: MachineSpec, _ places: Places) -> RuntimeConfig.Linux {
        let period = 100_000
        var namespaces: [RuntimeConfig.Namespace] = ["pid", "ipc", "uts", "mount", "cgroup"].map { .init(type: $0) }
        namespaces.append(.init(type: "network", path: places.network))
        var mapping: [RuntimeConfig.Mapping]?
        if let first = places.firstID {
            namespaces.append(.init(type: "user", path: places.user))
            mapping = [.init(containerID: 0, hostID: first, size: MachineUser.idCount)]
        }
        let resources = spec.resources
        return .init(
            namespaces: namespaces, uidMappings: mapping, gidMappings: mapping, cgroupsPath: places.cgroup,
            resources: .init(
                devices: [.init(allow: false, access: "rwm")],
                memory: .init(limit: resources.memoryBytes, swap: resources.memoryBytes),
                cpu: .init(
                    shares: UInt64(max(2, resources.cpuMillis * 1_024 / 1_000)),
                    quota: max(1_000, resources.cpuMillis * period / 1_000), period: UInt64(period)),
                pids: .init(limit: resources.maxProcesses)),
            seccomp: SeccompProfile.profile, maskedPaths: maskedPaths, readonlyPaths: readOnlyPaths)
    }

    /// A configuration, or a part of one, as the runtime reads it.
    static func encode(_ config: some Encodable) throws(MachineError) -> String {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(config), as: UTF8.self)
        } catch {
            throw MachineError(.invalidSpec, "its configuration cannot be written as JSON: \(error)")
        }
    }
}
