import Foundation
import Testing

/// What owners do inside machines, with real containers on a network of real nodes. Where this host runs none, each test
/// says so and ends.
@Suite("Commands in machines", .serialized)
struct MachineCommandsTests {
    /// Types at a terminal of its own: waits for each answer, changes the window's size, and presses Ctrl-C.
    private static let typist = """
        import fcntl, os, pty, select, struct, sys, termios, time
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(sys.argv[1], sys.argv[1:])
        said = ""
        def resize(columns, rows):
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        def read(seconds):
            global said
            if select.select([terminal], [], [], seconds)[0]:
                try:
                    part = os.read(terminal, 65536)
                except OSError:
                    part = b""
                said += part.decode("utf-8", "replace")
                return part != b""
            return True
        def until(text, keys=b""):
            end = time.monotonic() + 60
            while text not in said:
                if time.monotonic() > end:
                    sys.exit(f"{text!r} did not come: {said!r}")
                if keys:
                    os.write(terminal, keys)
                read(0.3)
        resize(91, 27)
        until("terminal 91x27")
        os.write(terminal, b"hi\\n")
        until("heard hi")
        resize(100, 30)
        until("terminal 100x30", b"again\\n")
        os.write(terminal, b"\\x03")
        while read(60):
            pass
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        sys.exit(0 if code == 130 else f"it ended with {code}: {said!r}")
        """

    private func withMachine(_ body: (TestNetwork) async throws -> Void) async throws {
        try await TestNetwork.withMachines(nodes: 2) { network in
            try network.write(
                """
                name = "web"
                kind = "machine"

                [machine]
                image = "oci:\(network.folder)/image"
                size = "shared-1x-64"

                [[machine.ports]]
                port = 8080

                [machine.health]
                http = "/healthz"
                interval = "200ms"
                """, to: "app/skerry.toml")
            try await network.expectSuccess("deploy", network.folder + "/app")
            try await body(network)
            try await network.expectSuccess("machines", "destroy", "web", "--yes")
            for _ in 0..<300 {
                if try await network.machines().apps.isEmpty { break }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func aCommandGetsInputATerminalAndSignals() async throws {
        try await withMachine { network in
            let echo = ["machines", "exec", "web", "/bin/server", "echo"]
            let short = try await network.run(echo, input: Data("one\ntwo".utf8))
            #expect(short.output.contains("heard one\ntwo") && short.status == 4, "\(short.output)\(short.errors)")
            // More than may wait, both ways.
            let long = try await network.run(echo, input: Data(repeating: UInt8(ascii: "x"), count: 1 << 20))
            #expect(long.output.count { $0 == "x" } == 1 << 20 && long.status == 4, "\(long.errors)")
            try network.tool(
                "/usr/bin/env",
                [
                    "python3", "-c", Self.typist, TestNetwork.binary, "machines", "exec", "-t", "web", "/bin/server",
                    "echo",
                ],
                environment: network.environment())
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func filesAreCopiedInAndOut() async throws {
        try await withMachine { network in
            let file = try network.randomFile("random", byteCount: 300_000)
            try network.write("inner", to: "tree/deep/file")
            try await network.expectSuccess("machines", "cp", file, "web:/tmp/copy")
            try await network.expectSuccess("machines", "cp", "web:/tmp/copy", network.folder + "/back", "--node", "2")
            #expect(FileManager.default.contentsEqual(atPath: file, andPath: network.folder + "/back"))
            try await network.expectSuccess("machines", "cp", network.folder + "/tree", "web:/tmp", "--slot", "0")
            try FileManager.default.createDirectory(
                atPath: network.folder + "/out", withIntermediateDirectories: false)
            try await network.expectSuccess("machines", "cp", "web:/tmp/tree", network.folder + "/out")
            #expect(try String(contentsOfFile: network.folder + "/out/tree/deep/file", encoding: .utf8) == "inner")
            try await network.expectFailure(
                "machines", "cp", file, "web:/none/x", saying: "No such file or directory")
            try await network.expectFailure(
                "machines", "cp", "web:/none", network.folder, saying: "No such file or directory")
            try await network.expectFailure(
                "machines", "cp", file, "web:/tmp/x", saying: "only its owner", account: "other")
            try await network.expectFailure("machines", "cp", file, network.folder, saying: "One of FROM and TO")
        }
    }
}
