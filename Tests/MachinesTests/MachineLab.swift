import Cgroups
import Foundation
import Logging
import Testing

@testable import Machines

/// A supervisor with an image whose only program is `Tests/Support/MachineProbe`.
struct MachineLab: Sendable {
    /// How this host is; looked at once.
    private static let inspection = Task { await MachineHost.inspect() }
    static func host() async -> MachineHost { await inspection.value }

    /// Whether real containers can run here; the tests that need them are skipped with a message where not.
    static func canRun() async -> Bool {
        let host = await host()
        if let obstacle = host.obstacle {
            print("Machines cannot run on this host, and their tests are skipped: \(obstacle)")
            return false
        }
        if probe == nil { print("No C compiler that links statically: tests of machines are skipped") }
        return probe != nil
    }

    /// The probe's file, compiled once.
    static let probe: String? = {
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Support/MachineProbe/main.c").path
        let target = NSTemporaryDirectory() + "/skerry-machine-probe-\(getpid())"
        for name in ["clang", "cc", "gcc"] {
            guard let compiler = Tool.find(name) else { continue }
            let process = Process()
            process.executableURL = URL(fileURLWithPath: compiler)
            process.arguments = ["-static", "-O1", "-o", target, source]
            guard (try? process.run()) != nil else { continue }
            process.waitUntilExit()
            if process.terminationStatus == 0 { return target }
        }
        return nil
    }()

    let folder: String
    let layer: String
    var supervisor: MachineSupervisor

    /// Runs `body` with a lab, and ends it whatever happens.
    static func with(
        core: MachineCore.Settings = .init(),
        configure: (inout MachineSupervisor.Configuration) -> Void = { _ in },
        _ body: (MachineLab) async throws -> Void
    ) async throws {
        let lab = try await MachineLab(core: core, configure: configure)
        do {
            try await body(lab)
        } catch {
            try await lab.end()
            throw error
        }
        try await lab.end()
    }

    private init(
        core: MachineCore.Settings, configure: (inout MachineSupervisor.Configuration) -> Void
    ) async throws {
        folder = NSTemporaryDirectory() + "/skerry-machines-\(UUID().uuidString.prefix(8))"
        layer = folder + "/layer"
        try FileManager.default.createDirectory(atPath: layer, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: try #require(Self.probe), toPath: layer + "/probe")
        var configuration = MachineSupervisor.Configuration(folder: folder + "/machines")
        configuration.core = core
        configure(&configuration)
        supervisor = try await MachineSupervisor.open(
            configuration, host: await Self.host(), logger: Logger(label: "machines") { _ in SwiftLogNoOpLogHandler() })
    }

    var image: MachineImage { MachineImage(layers: [layer], entrypoint: ["/probe"]) }

    static func spec(_ id: String, _ command: String..., memory: Int = 64 << 20) throws -> MachineSpec {
        MachineSpec(
            id: try #require(MachineID(id)), image: "sha256:probe", command: command,
            resources: MachineResources(cpuMillis: 1_000, memoryBytes: memory, maxProcesses: 32), restart: .never,
            stopTimeout: .seconds(3))
    }

    /// Makes and starts a machine.
    @discardableResult
    func run(_ spec: MachineSpec) async throws -> MachineID {
        try await supervisor.create(spec, image: image)
        try await supervisor.start(spec.id)
        return spec.id
    }

    /// Waits for a state.
    func wait(_ id: MachineID, for states: MachineState..., timeout: Duration = .seconds(20)) async throws {
        let deadline = ContinuousClock.now + timeout
        while ContinuousClock.now < deadline {
            if states.contains(try await supervisor.status(id).state) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        let events = try await supervisor.events(id, after: 0).map { "\($0.kind.rawValue): \($0.reason)" }
        Issue.record("\(id) did not become \(states): \(events.joined(separator: " | "))")
    }

    /// All that a machine wrote, once there is `text` in it.
    func output(_ id: MachineID, with text: String = "", tail: Int = 1_000) async throws -> String {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            var all = ""
            for await line in try await supervisor.logs(id, tail: tail, follow: false) { all += line.text + "\n" }
            if text.isEmpty || all.contains(text) || ContinuousClock.now > deadline { return all }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    func kinds(_ id: MachineID) async throws -> [MachineEvent.Kind] {
        try await supervisor.events(id, after: 0).map(\.kind)
    }

    func reasons(_ id: MachineID) async throws -> String {
        try await supervisor.events(id, after: 0).map { "\($0.kind.rawValue): \($0.reason)" }.joined(separator: "\n")
    }

    /// Runs a command and gives its output and how it ended.
    func exec(_ id: MachineID, _ command: MachineCommand, input: String? = nil) async throws -> (String, MachineExit?) {
        let session = try await supervisor.exec(id, command)
        if let input { await session.write(Array(input.utf8)) }
        await session.closeInput()
        var bytes: [UInt8] = []
        for await output in session.output {
            switch output {
            case .bytes(let part, _): bytes += part
            case .exit(let exit): return (String(decoding: bytes, as: UTF8.self), exit)
            }
        }
        return (String(decoding: bytes, as: UTF8.self), nil)
    }

    /// Starts a process that supervises machines, waits until they are healthy, and kills it.
    func runAndKill(in folder: String, orphan: String, _ ids: [String]) async throws {
        let process = Process()
        let path = MachineHost.Settings().holder.replacingOccurrences(of: "skerry-holder", with: "machine-exerciser")
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = [folder, layer, orphan] + ids
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        var text = ""
        while !ids.allSatisfy({ text.contains("healthy \($0)\n") }) {
            let part = output.fileHandleForReading.availableData
            if part.isEmpty { break }
            text += String(decoding: part, as: UTF8.self)
        }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try #require(ids.allSatisfy { text.contains("healthy \($0)\n") })
    }

    /// Ends everything and removes it; then nothing may be left on the host.
    func end() async throws {
        for status in await supervisor.list() { try await supervisor.destroy(status.id) }
        let key = await supervisor.names.key
        await supervisor.close()
        #expect(Self.leftovers(key).isEmpty)
        await clean()
        try FileManager.default.removeItem(atPath: folder)
    }

    /// Removes what supervisors in this lab's folder left that were killed, or that a test which failed did not end.
    private func clean() async {
        let host = await Self.host()
        let claims = host.settings.claims
        let root = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
        for name in ControlFile.names(in: claims) {
            guard let owner = ControlFile.read("\(claims)/\(name)"), owner.hasPrefix(root + "/") else { continue }
            do { try await HostRemains.ofNode(owner, on: host).remove(on: host) } catch { Issue.record(error) }
        }
    }

    /// Namespaces, links, cgroups, mounts and processes of a node.
    static func leftovers(_ key: String) -> [String] {
        func names(_ path: String) -> [String] { (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] }
        var found = names("/run/netns").filter { $0.hasPrefix("skerry-\(key)-") }
        found += names("/sys/class/net").filter { $0.hasPrefix("sk\(key)-") }
        for root in names("/sys/fs/cgroup").map({ "/sys/fs/cgroup/\($0)" }) + ["/sys/fs/cgroup"] {
            let folder = "\(root)/skerry-machines/\(key)"
            if FileManager.default.fileExists(atPath: folder) { found.append(folder) }
        }
        let mounts = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
        found += mounts.split(separator: "\n").filter { $0.contains("/skerry-machines/\(key)") }.map(String.init)
        return found
    }
}
