import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// What the shell, the environment and other commands do to a command.
@Suite("The command line and what is around it", .serialized)
struct CliSurroundingsTests {
    private static func with(_ body: (TestNetwork) async throws -> Void) async throws {
        let network = try TestNetwork()
        do { try await body(network) } catch {
            await network.tearDown()
            throw error
        }
        await network.tearDown()
    }

    @Test("Empty variables count as none, and an empty folder is refused")
    func emptyVariables() async throws {
        try await Self.with { network in
            let variables = [
                "HOME": network.folder, "SKERRY_DATA": "", "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": "relative",
            ]
            let status = try await network.run(["status"], variables: variables)
            #expect(status.errors.contains("There is no network in \(network.folder)/.local/share/skerry"))
            let account = try await network.run(["account", "show"], variables: variables)
            #expect(account.output.contains("\(network.folder)/.config/skerry/account.key"), "\(account.errors)")
            #expect(account.errors.contains("keep a copy"), "\(account.errors)")
            #expect(try await network.run(["account", "show"], variables: variables).errors.isEmpty)
            #expect(try await network.run(["status", "--data", ""]).status == 64)
        }
    }

    @Test("A key file that is named must be there; none is made in its place")
    func misspeltKey() async throws {
        try await Self.with { network in
            let path = network.folder + "/nobody.key"
            try await network.expectFailure("account", "show", "--key", path, saying: "There is no key file \(path)")
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test("A result that cannot be written is an error, and a reader that has gone is none that is told")
    func lostOutput() async throws {
        try await Self.with { network in
            let full = network.process(["account", "show"])
            let errors = Pipe()
            full.standardOutput = FileHandle(forWritingAtPath: "/dev/full")
            full.standardError = errors
            try full.run()
            full.waitUntilExit()
            #expect(full.terminationReason == .exit && full.terminationStatus == 1)
            let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            #expect(text.contains("Cannot write to standard output: No space left"), "\(text)")

            let gone = network.process(["account", "show"])
            let (output, quiet) = (Pipe(), Pipe())
            try output.fileHandleForReading.close()
            gone.standardOutput = output
            gone.standardError = quiet
            try gone.run()
            gone.waitUntilExit()
            #expect(gone.terminationReason == .uncaughtSignal && gone.terminationStatus == SIGPIPE)
            #expect(quiet.fileHandleForReading.readDataToEndOfFile().isEmpty)
        }
    }

    @Test("What a server says moves no cursor and changes no colours")
    func others() async throws {
        try await Self.with { network in
            let body = #"{"code": "x/y", "message": "\u001b]0;title\u0007\u001b[31mred"}"#
            let json = [("content-type", "application/json")]
            try await RawServer.with({ _ in RawServer.answer(400, json, Array(body.utf8)) }) { server in
                let result = try await network.run(["names", "list", "--node", server.url])
                #expect(result.status != 0 && result.errors.contains("red (x/y)"), "\(result.errors)")
                #expect(!result.errors.contains("\u{1B}") && !result.errors.contains("\u{07}"))
            }
            let app = #"""
                {"name": "app", "owner": "o", "live": "r1", "domains": [], "releases": [{"id": "r1", "kind": "site",
                "manifest": "m", "message": "a\u001b[2Jb\nr2  forged", "publisher": "p", "publishedMilliseconds": 0,
                "live": true, "percent": 100}]}
                """#
            try await RawServer.with({ _ in RawServer.answer(200, json, Array(app.utf8)) }) { server in
                let result = try await network.run(["releases", "list", "app", "--node", server.url])
                #expect(result.status == 0, "\(result.errors)")
                let lines = result.output.split(separator: "\n")
                #expect(lines.count == 2 && lines.last?.hasSuffix("a\u{FFFD}[2Jb r2  forged") == true, "\(lines)")
            }
        }
    }

    @Test("What is read without end is refused", .timeLimit(.minutes(1)))
    func endlessInput() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            try await network.expectFailure(
                "kv", "put", "a", "n", "k", "--file", "/dev/zero", saying: "more than 1.0 MiB")
            try await network.expectFailure(
                "functions", "invoke", "a", "--body", "@/dev/zero", saying: "more than 64.0 MiB")
            try await network.expectFailure("kv", "put", "a", "n", "k", "--file", "nothing", saying: "No such file")
        }
    }

    @Test("Of two that start a new network at once, one does it and no other network comes of it")
    func twoAtOnce() async throws {
        try await Self.with { network in
            let arguments = ["up", "--nodes", "2", "--detach"]
            async let first = network.run(arguments)
            async let second = network.run(arguments)
            let results = try await [first, second]
            #expect(results.contains { $0.status == 0 })
            for result in results where result.status != 0 {
                #expect(result.errors.contains("Another `skerry up` is starting the network"), "\(result.errors)")
            }
            let status = try await network.status()
            #expect(status.nodes.allSatisfy { $0.state == "ready" })
        }
    }

    @Test("Ctrl-C ends `up` before the network is ready, and leaves nothing behind", .timeLimit(.minutes(1)))
    func interruptedStart() async throws {
        try await Self.with { network in
            let up = network.process(["up", "--nodes", "1"])
            let errors = Pipe()
            up.standardOutput = FileHandle.nullDevice
            up.standardError = errors
            try up.run()
            var nodes: [pid_t] = []
            try await eventually("a node begins to start") {
                nodes = Self.children(of: up.processIdentifier)
                return !nodes.isEmpty
            }
            for node in nodes { kill(node, SIGSTOP) }
            kill(up.processIdentifier, SIGINT)
            try await Task.sleep(for: .milliseconds(300))
            for node in Self.children(of: up.processIdentifier) { kill(node, SIGCONT) }
            up.waitUntilExit()
            let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            #expect(up.terminationStatus == 1 && text.contains("before the network was ready"), "\(text)")
            #expect(!nodes.contains(where: isAlive))
        }
    }

    private static func children(of pid: pid_t) -> [pid_t] {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        return tasks.flatMap { task in
            let text = (try? String(contentsOfFile: "/proc/\(pid)/task/\(task)/children", encoding: .utf8)) ?? ""
            return text.split(separator: " ").compactMap { pid_t($0) }
        }
    }

    @Test("A log format that there is not is refused before anything is made")
    func logFormat() async throws {
        try await Self.with { network in
            let result = try await network.run(["up", "--log-format", "xml"])
            #expect(result.status == 64, "\(result.errors)")
            #expect(!FileManager.default.fileExists(atPath: network.data))
        }
    }
}
