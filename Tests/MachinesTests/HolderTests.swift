import Foundation
import Testing

@testable import Machines

/// `skerry-holder` by itself, with scripts in the place of a runtime: what it starts never outlives its lease.
@Suite("Holders", .serialized, .timeLimit(.minutes(1)), .enabled(if: geteuid() == 0, "needs root"))
struct HolderTests {
    /// A machine's folder, and what holds it.
    private final class Held {
        let folder: String
        let process: ChildProcess
        private let report: Descriptor

        /// - Parameters:
        ///   - script: Gets the folder as `$0`; puts the machine's process id into `$0/pid`.
        ///   - milliseconds: Until the lease ends.
        init(_ script: String, milliseconds: Int, patience: Int = 20) throws {
            folder = NSTemporaryDirectory() + "skerry-holder-\(UUID().uuidString.prefix(8))"
            for name in ["", "/place", "/layer"] {
                try FileManager.default.createDirectory(atPath: folder + name, withIntermediateDirectories: true)
            }
            try Held.end(folder, in: milliseconds)
            let (reading, writing) = try #require(Descriptor.pipe())
            report = reading
            process = try ChildProcess(
                [
                    MachineHost.Settings().holder, "folder=\(folder)", "place=\(folder)/place", "layer=\(folder)/layer",
                    "limit=\(folder)/limit", "patience=\(patience)", "--", "/bin/sh", "-c", script, folder,
                ], descriptors: [nil, nil, nil, writing])
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        static func end(_ folder: String, in milliseconds: Int) throws {
            var now = timespec()
            clock_gettime(CLOCK_BOOTTIME, &now)
            let end = now.tv_sec * 1_000 + now.tv_nsec / 1_000_000 + milliseconds
            try Data("\(end)\n".utf8).write(to: URL(fileURLWithPath: folder + "/limit"), options: .atomic)
        }

        /// Its one line, once it has ended.
        func said() async -> String {
            _ = await process.wait()
            return String(decoding: report.read(atMost: 512) ?? [], as: UTF8.self)
        }

        func text(_ name: String) -> String? { try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) }

        /// Whether the process whose id is in a file has gone.
        func isGone(_ name: String) throws -> Bool {
            let pid = try #require(pid_t((text(name) ?? "").filter(\.isNumber)))
            return kill(pid, 0) != 0
        }
    }

    @Test("A machine ends with its lease, without its node")
    func ends() async throws {
        let held = try Held("sleep 1000 & echo $! > $0/pid", milliseconds: 600)
        #expect(await held.said().hasPrefix("started "))
        #expect(held.text("exit") == "signal 9\n")
    }

    @Test("The end may be moved, also to an earlier time")
    func moves() async throws {
        let held = try Held("sleep 1000 & echo $! > $0/pid", milliseconds: 400)
        try Held.end(held.folder, in: 600_000)
        try await Task.sleep(for: .milliseconds(800))
        #expect(held.process.poll() == nil && held.text("exit") == nil)
        try Held.end(held.folder, in: -1)
        #expect(await held.said().hasPrefix("started "))
        #expect(held.text("exit") == "signal 9\n")
    }

    @Test(
        "A start that the lease does not wait for, that takes too long or that fails leaves nothing",
        arguments: [
            ("sleep 1000 & echo $! > $0/left; sleep 1000", 500, 20, "failed lease"),
            ("sleep 1000 & echo $! > $0/left; sleep 1000", 600_000, 1, "failed timeout"),
            ("sleep 1000 & echo $! > $0/left; exit 3", 600_000, 20, "failed runtime 3"),
        ])
    func starts(script: String, milliseconds: Int, patience: Int, said: String) async throws {
        let held = try Held(script, milliseconds: milliseconds, patience: patience)
        #expect(await held.said().hasPrefix(said))
        #expect(try held.isGone("left") && held.text("exit") == nil)
    }

    @Test("Nothing is started when the lease has ended, or nobody says when it does")
    func over() async throws {
        let held = try Held("touch $0/ran", milliseconds: -1)
        #expect(await held.said().hasPrefix("failed lease"))
        #expect(held.text("ran") == nil)
    }
}
