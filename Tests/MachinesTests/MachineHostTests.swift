import Foundation
import Logging
import Testing

@testable import Machines

/// Hosts that lack something.
@Suite("Hosts", .serialized)
struct MachineHostTests {
    @Test("crun is first where it can be used, and not at all with hybrid cgroups")
    func order() {
        #expect(RuntimeDriver.order(cgroups: "v1") == [.crun, .runc])
        #expect(RuntimeDriver.order(cgroups: "v2") == [.crun, .runc])
        #expect(RuntimeDriver.order(cgroups: "hybrid") == [.runc])
        #expect(RuntimeDriver.order(cgroups: "none") == [])
    }

    @Test(
        "A host without cgroups says so, and its node can neither create nor start machines",
        .enabled(if: geteuid() == 0))
    func noCgroups() async throws {
        let folder = NSTemporaryDirectory() + "/skerry-host-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data("23 1 0:21 / /sys rw - sysfs sysfs rw\n".utf8).write(to: URL(fileURLWithPath: folder + "/mounts"))
        var settings = MachineHost.Settings()
        settings.mounts = folder + "/mounts"
        let host = await MachineHost.inspect(settings)
        #expect(!host.canRun)
        #expect(host.obstacle?.contains("cgroups: none are mounted; mount cgroup2") == true)
        let supervisor = try await MachineSupervisor.open(
            MachineSupervisor.Configuration(folder: folder + "/machines"), host: host,
            logger: Logger(label: "machines") { _ in SwiftLogNoOpLogHandler() })
        let spec = MachineSpec(
            id: try #require(MachineID("a")), image: "i",
            resources: MachineResources(cpuMillis: 100, memoryBytes: 32 << 20))
        await #expect {
            try await supervisor.create(spec, image: MachineImage(layers: ["/"], entrypoint: ["/x"]))
        } throws: { error in
            (error as? MachineError)?.code == .hostUnable && "\(error)".contains("see skerry doctor")
        }
        #expect(await supervisor.list().isEmpty)
        await supervisor.close()
    }

    @Test("cgroup2 in another place than runtimes look is no help, and that is said", .enabled(if: geteuid() == 0))
    func cgroupsElsewhere() async throws {
        // Kernels that were started without version 2 have no such line, and no such mount.
        guard try String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8).contains("0::/") else { return }
        let folder = NSTemporaryDirectory() + "/skerry-host-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var settings = MachineHost.Settings()
        settings.mounts = folder + "/mounts"
        try Data("30 23 0:26 / \(folder) rw - cgroup2 cgroup rw\n".utf8).write(
            to: URL(fileURLWithPath: settings.mounts))
        func obstacle(controllers: String) async throws -> String? {
            try Data(controllers.utf8).write(to: URL(fileURLWithPath: folder + "/cgroup.controllers"))
            return await MachineHost.inspect(settings).obstacle
        }
        #expect(try await obstacle(controllers: "cpu io pids")?.contains("v2 without memory; enable") == true)
        #expect(
            try await obstacle(controllers: "cpu io memory pids")?.contains("cgroup2 is not on /sys/fs/cgroup") == true)
    }

    @Test("Each thing that is missing is named with what to do", .enabled(if: geteuid() == 0))
    func missing() async {
        var settings = MachineHost.Settings(holder: "/nothing/skerry-holder")
        settings.path = "/nothing"
        let host = await MachineHost.inspect(settings)
        let texts = host.findings.filter { $0.level == .missing }.map(\.text).joined(separator: "\n")
        for text in ["install runc", "install it beside skerry", "install iproute2"] {
            #expect(texts.contains(text) || (text == "install runc" && texts.contains("install crun or runc")))
        }
        let wrong = await MachineHost.inspect(MachineHost.Settings(runtime: "/bin/true"))
        #expect(wrong.obstacle?.contains("/bin/true is no crun and no runc") == true)
    }

    @Test(
        "What runtimes say becomes a code and advice",
        arguments: [
            (
                #"{"level":"error","msg":"runc run failed: unable to start container process: exec: \"/nothing\": stat /nothing: no such file or directory"}"#,
                MachineError.Code.commandNotFound
            ),
            (
                #"{"msg":"executable file `/nothing` not found: No such file or directory","level":"error"}"#,
                .commandNotFound
            ),
            (#"{"level":"error","msg":"exec: \"/text\": permission denied"}"#, .commandNotExecutable),
            (#"{"level":"error","msg":"container init was OOM-killed (memory limit too low?)"}"#, .outOfMemory),
            (
                #"{"level":"error","msg":"chdir to cwd (\"/nothing\") set in config.json failed: no such file or directory"}"#,
                .missingFile
            ),
            (#"{"level":"error","msg":"write x: no space left on device"}"#, .diskFailed),
            (#"{"level":"error","msg":"something else"}"#, .runtimeFailed),
            ("not JSON", .runtimeFailed), ("", .runtimeFailed),
        ])
    func runtimeErrors(log: String, code: MachineError.Code) {
        #expect(RuntimeDriver.failure(log: log, command: "/nothing").code == code)
    }

    @Test("A block of addresses stays its node's, and is free when the node's folder is gone")
    func blocks() throws {
        let folder = NSTemporaryDirectory() + "/skerry-blocks-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for name in ["a", "b"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        let claims = folder + "/claims"
        func claim(_ name: String) -> NetworkBlock? {
            NetworkBlock.claim(for: "\(folder)/\(name)", in: claims, startingAt: 127)
        }
        #expect(claim("a")?.number == 127)
        #expect(claim("b")?.number == 0)
        #expect(claim("a")?.number == 127)
        try FileManager.default.removeItem(atPath: folder + "/a")
        try FileManager.default.createDirectory(atPath: "\(folder)/c", withIntermediateDirectories: true)
        #expect(claim("c")?.number == 127)
        let block = NetworkBlock(number: 7)
        #expect(block.address(0) == "10.213.7.2" && block.hostAddress == "10.213.7.1")
        #expect(block.address(NetworkBlock.slots - 1) == "10.213.7.251")
        let last = MachineNetwork.firstID(block: NetworkBlock.count - 1, slot: 255)
        #expect(UInt64(last) + UInt64(MachineUser.idCount) < UInt64(UInt32.max))
    }

    @Test("Log lines are read as they are written; others are passed over")
    func logLines() {
        let line = LogFiles.parse(Array("1795996624746481255 stdout F hello  world".utf8))
        #expect(line == MachineLogLine(at: 1_795_996_624_746_481_255, stream: .stdout, text: "hello  world"))
        #expect(LogFiles.parse(Array("1 stderr P ".utf8))?.isPartial == true)
        for bad in ["", "x stdout F a", "1 stdin F a", "1 stdout X a", "1 stdout F", "99999999999999999999 stdout F a"]
        {
            #expect(LogFiles.parse(Array(bad.utf8)) == nil)
        }
    }

    @Test("Health answers: the status decides, and what is not HTTP is not healthy")
    func answers() {
        #expect(Prober.judge(Array("HTTP/1.1 200".utf8), 80) == nil)
        #expect(Prober.judge(Array("HTTP/1.0 399".utf8), 80) == nil)
        #expect(Prober.judge(Array("HTTP/1.1 404".utf8), 80) == "port 80 answers with status 404")
        for bad in ["", "HTTP/1.1 20", "HTTP/2 200  ", "SSH-2.0-Open", "HTTP/1.1 abc"] {
            #expect(Prober.judge(Array(bad.utf8), 80) == "port 80 does not answer in HTTP")
        }
    }
}
