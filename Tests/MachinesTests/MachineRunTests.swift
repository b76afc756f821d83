import Foundation
import Testing

@testable import Machines

/// Real containers: how machines run, and what they can do.
@Suite(
    "Machines that run", .serialized, .timeLimit(.minutes(2)), .enabled { await MachineLab.canRun() })
struct MachineRunTests {
    @Test("A server starts, is healthy, answers at its address, stops, and leaves nothing behind")
    func lifecycle() async throws {
        try await MachineLab.with { lab in
            var spec = try MachineLab.spec("web", "serve", "80")
            spec.ports = [MachinePort(name: "web", number: 80)]
            let id = try await lab.run(spec)
            try await lab.supervisor.waitUntilHealthy(id, timeout: .seconds(20))
            let status = try await lab.supervisor.status(id)
            #expect(status.state == .healthy && status.startedAt != nil && status.isWanted)
            let address = try #require(status.address)
            #expect(await Prober.ask(.http(port: 80, path: "/"), at: address, timeout: .seconds(5)) == nil)
            let usage = try #require(try await lab.supervisor.usage(id))
            #expect(usage.memoryBytes > 0 && usage.memoryLimitBytes == 64 << 20 && usage.processes >= 1)
            #expect(usage.cpuNanoseconds > 0)
            try await lab.supervisor.stop(id)
            let stopped = try await lab.supervisor.status(id)
            #expect(stopped.state == .stopped && stopped.exit == MachineExit(code: 0) && stopped.address == nil)
            #expect(
                try await lab.kinds(id) == [
                    .created, .starting, .started, .healthy, .stopping, .exited, .stopped,
                ])
            #expect(try await lab.output(id).contains("listening on 80"))
        }
    }

    @Test("What the image and the spec say reaches the program, and its output is kept over restarts")
    func environment() async throws {
        try await MachineLab.with { lab in
            var spec = try MachineLab.spec("env", "environment")
            spec.environment = ["COLOUR": "blue", "BOTH": "spec"]
            spec.user = MachineUser(user: 1_000, group: 100)
            spec.workingDirectory = "/tmp"
            var image = lab.image
            image.environment = ["BOTH": "image", "FROM": "image"]
            try await lab.supervisor.create(spec, image: image)
            for _ in 0..<2 {
                try await lab.supervisor.start(spec.id)
                try await lab.wait(spec.id, for: .stopped)
            }
            let output = try await lab.output(spec.id, with: "uid")
            for line in ["COLOUR=blue", "BOTH=spec", "FROM=image", "HOSTNAME=env", "/tmp uid 1000 gid 100 host env"] {
                #expect(output.components(separatedBy: line + "\n").count == 3, "\(line) twice in \(output)")
            }
        }
    }

    @Test("A machine that runs becomes another one under its name, and what was before is still known")
    func change() async throws {
        try await MachineLab.with { lab in
            var spec = try MachineLab.spec("other", "serve", "8080")
            spec.ports = [MachinePort(name: "web", number: 8_080)]
            spec.environment = ["COLOUR": "blue"]
            let id = try await lab.run(spec)
            try await lab.supervisor.waitUntilHealthy(id, timeout: .seconds(20))
            spec.environment = ["COLOUR": "red"]
            try await lab.supervisor.change(spec, image: lab.image)
            let status = try await lab.supervisor.status(id)
            #expect(status.state == .created && !status.isWanted)
            try await lab.supervisor.start(id)
            try await lab.supervisor.waitUntilHealthy(id, timeout: .seconds(20))
            let (text, _) = try await lab.exec(id, MachineCommand(["/probe", "environment"]))
            #expect(text.contains("COLOUR=red"))
            #expect(try await lab.output(id).components(separatedBy: "listening on 8080").count == 3)
            #expect(
                try await lab.kinds(id) == [
                    .created, .starting, .started, .healthy, .stopping, .exited, .stopped, .created, .starting,
                    .started,
                    .healthy,
                ])
            await #expect {
                try await lab.supervisor.change(try MachineLab.spec("nobody", "serve"), image: lab.image)
            } throws: { error in
                (error as? MachineError)?.code == .unknown
            }
        }
    }

    @Test("Programs cannot change the host, make namespaces, or write their root")
    func confinement() async throws {
        try await MachineLab.with { lab in
            let id = try await lab.run(try MachineLab.spec("escape", "escape"))
            try await lab.wait(id, for: .stopped)
            let output = try await lab.output(id, with: "core")
            let refused: Set = [Int(EPERM), Int(EACCES), Int(EROFS), Int(ENOSYS)]
            for what in ["mount", "unshare", "ptrace", "root", "mknod", "sysctl", "raw", "vsock", "clone", "keyring"] {
                let line = output.split(separator: "\n").first { $0.hasPrefix(what + " ") }
                let error = line.flatMap { Int($0.split(separator: " ").last ?? "") }
                #expect(error.map { refused.contains($0) } == true, "\(what): \(line ?? "nothing")")
            }
            #expect(output.contains("privileges 1") && output.contains("core 1"))
        }
    }

    @Test("Machines reach neither the host nor each other")
    func network() async throws {
        try await MachineLab.with { lab in
            var server = try MachineLab.spec("server", "serve", "8080")
            server.ports = [MachinePort(name: "web", number: 8_080)]
            let serverID = try await lab.run(server)
            try await lab.supervisor.waitUntilHealthy(serverID, timeout: .seconds(20))
            let other = try #require(try await lab.supervisor.status(serverID).address)
            // A listener on all of the host's addresses.
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(listener) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let port = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(listener, $0, size)
                    listen(listener, 8)
                    getsockname(listener, $0, &size)
                }
                return UInt16(bigEndian: pointer.pointee.sin_port)
            }
            let host = try #require(lab.supervisor.hostAddress)
            let targets = [
                (other, UInt16(8_080)), (host, port), ("127.0.0.1", port), ("10.0.0.1", 80), ("169.254.169.254", 80),
            ]
            for (index, target) in targets.enumerated() {
                let id = try await lab.run(try MachineLab.spec("c\(index)", "connect", target.0, "\(target.1)"))
                try await lab.wait(id, for: .stopped)
                let output = try await lab.output(id, with: "connect")
                #expect(output.contains("connect ") && !output.contains("connect 0\n"), "\(target): \(output)")
            }
            // The host itself reaches both.
            #expect(await Prober.ask(.tcp(port: 8_080), at: other, timeout: .seconds(5)) == nil)
            #expect(await Prober.ask(.tcp(port: port), at: host, timeout: .seconds(5)) == nil)
        }
    }

    @Test("Volumes are kept, read-only ones are not written, and owners are those that the machine sees")
    func volumes() async throws {
        try await MachineLab.with { lab in
            let volume = lab.folder + "/volume"
            try FileManager.default.createDirectory(atPath: volume, withIntermediateDirectories: true)
            var spec = try MachineLab.spec("writer", "touch", "/data/file")
            spec.mounts = [MachineMount(source: volume, target: "/data")]
            let id = try await lab.run(spec)
            try await lab.wait(id, for: .stopped)
            #expect(try await lab.supervisor.status(id).exit == MachineExit(code: 0))
            let attributes = try FileManager.default.attributesOfItem(atPath: volume + "/file")
            #expect(attributes[.ownerAccountID] as? Int == 0)
            spec.id = try #require(MachineID("reader"))
            spec.command = ["touch", "/data/other"]
            spec.mounts[0].isReadOnly = true
            try await lab.run(spec)
            try await lab.wait(spec.id, for: .stopped)
            #expect(try await lab.supervisor.status(spec.id).exit == MachineExit(code: 1))
            #expect(try await lab.output(spec.id).contains("Read-only file system"))
        }
    }

    @Test("Commands run in a machine with pipes, and can be ended", .timeLimit(.minutes(2)))
    func commands() async throws {
        try await MachineLab.with { lab in
            let id = try await lab.run(try MachineLab.spec("host", "sleep"))
            try await lab.wait(id, for: .healthy)
            let (piped, pipedExit) = try await lab.exec(id, MachineCommand(["/probe", "cat", "7"]), input: "hello")
            #expect(piped == "hello" && pipedExit == MachineExit(code: 7))
            let missing = try await lab.exec(id, MachineCommand(["/nothing"]))
            #expect(missing.1?.isSuccess == false)
            let user = MachineCommand(
                ["/probe", "environment"], environment: ["X": "y"], workingDirectory: "/run",
                user: MachineUser(user: 5, group: 6))
            let (text, _) = try await lab.exec(id, user)
            #expect(text.contains("X=y\n") && text.contains("/run uid 5 gid 6"))

            let endless = try await lab.supervisor.exec(id, MachineCommand(["/probe", "deaf"]))
            endless.end()
            var end: MachineExit?
            for await output in endless.output { if case .exit(let exit) = output { end = exit } }
            #expect(end?.isSuccess == false)
            #expect(try await lab.supervisor.status(id).state == .healthy)
        }
    }

    @Test("A log is bounded and rotated, and can be followed over that")
    func logs() async throws {
        try await MachineLab.with(configure: {
            $0.logBytes = 64 << 10
            $0.logFiles = 3
        }) { lab in
            let count = 20_000
            try await lab.supervisor.create(try MachineLab.spec("loud", "print", "\(count)"), image: lab.image)
            let id = try #require(MachineID("loud"))
            let follower = Task { () -> (Int, MachineLogLine?) in
                var lines = 0
                var last: MachineLogLine?
                for await line in try await lab.supervisor.logs(id, tail: 1_000, follow: true) {
                    lines += 1
                    last = line
                    if line.stream == .stderr { break }
                }
                return (lines, last)
            }
            try await lab.supervisor.start(id)
            try await lab.wait(id, for: .stopped)
            let (lines, last) = try await follower.value
            #expect(lines > 1_000 && last?.text == "to stderr")
            let first = try #require(last?.at) - 1
            #expect(try await lab.supervisor.lines(id, after: first, limit: 10).map(\.text) == ["to stderr"])
            let folder = await lab.supervisor.store.folder(id)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("log") }
            #expect(Set(names) == ["log", "log.1", "log.2"])
            for name in names {
                let size = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.size] as? Int
                #expect(try #require(size) <= 64 << 10)
            }
            let tail = try await lab.output(id, tail: 3).split(separator: "\n")
            #expect(tail.count == 3 && tail.contains("line 19999 of 20000, which is of some length"))
        }
    }
}
