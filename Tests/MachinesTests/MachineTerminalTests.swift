import Foundation
import Testing

@testable import Machines

/// Commands with a terminal, in real containers.
@Suite(
    "Commands with a terminal", .serialized, .timeLimit(.minutes(2)), .enabled { await MachineLab.canRun() })
struct MachineTerminalTests {
    /// A command in a machine that runs, and what it wrote so far.
    private final class Screen {
        let session: MachineSession
        private(set) var text = ""
        private(set) var exit: MachineExit?
        private var output: AsyncStream<MachineSession.Output>.AsyncIterator

        init(_ lab: MachineLab, _ words: String..., columns: UInt16 = 80) async throws {
            let id = try #require(MachineID("host"))
            session = try await lab.supervisor.exec(
                id, MachineCommand(words, terminal: .init(columns: columns, rows: 33)))
            output = session.output.makeAsyncIterator()
        }

        /// Reads until there is `part`, or the command has ended.
        func read(until part: String? = nil) async {
            while exit == nil, part.map(text.contains) != true {
                switch await output.next() {
                case .bytes(let bytes, _): text += String(decoding: bytes, as: UTF8.self)
                case .exit(let how): exit = how
                case nil: return
                }
            }
        }
    }

    private func withMachine(_ body: (MachineLab) async throws -> Void) async throws {
        try await MachineLab.with { lab in
            try await lab.run(try MachineLab.spec("host", "sleep"))
            try await lab.wait(try #require(MachineID("host")), for: .healthy)
            try await body(lab)
        }
    }

    @Test("It has the size that was asked for from the beginning, hears of another one, and Ctrl-C interrupts it")
    func sizes() async throws {
        try await withMachine { lab in
            let screen = try await Screen(lab, "/probe", "terminal", columns: 99)
            await screen.read(until: "terminal")
            await screen.read(until: "\n")
            #expect(screen.text.contains("terminal 99x33"), "\(screen.text)")
            screen.session.resize(.init(columns: 120, rows: 40))
            await screen.read(until: "terminal 120x40")
            await screen.session.write(Array("hello\n".utf8))
            // Its own echo first.
            await screen.read(until: "got hello")
            #expect(screen.text.contains("hello\r"))
            await screen.session.write([3])
            await screen.read()
            #expect(screen.text.contains("interrupted") && screen.exit == MachineExit(code: 5), "\(screen.text)")
        }
    }

    /// What is written before the runtime has made its terminal raw would be edited as a line there, and the end of the
    /// input would never reach the command.
    @Test("Input that comes at once arrives, and so does its end", arguments: ["", "hello", "hello\n", "a\nhello"])
    func earlyInput(input: String) async throws {
        try await withMachine { lab in
            for _ in 0..<3 {
                let screen = try await Screen(lab, "/probe", "cat", "7")
                if !input.isEmpty { await screen.session.write(Array(input.utf8)) }
                await screen.session.closeInput()
                await screen.read()
                #expect(screen.exit == MachineExit(code: 7))
                // Once as its echo and once as what it wrote.
                let word = input.isEmpty ? "" : "hello"
                #expect(input.isEmpty || screen.text.components(separatedBy: word).count == 3, "\(screen.text)")
            }
        }
    }

    @Test("All of its output arrives, and how it ended")
    func output() async throws {
        try await withMachine { lab in
            let screen = try await Screen(lab, "/probe", "print", "3000")
            await screen.read()
            let lines = screen.text.split(whereSeparator: \.isNewline)
            #expect(lines.count == 3_001 && lines.last == "to stderr" && screen.exit == MachineExit(code: 0))
            let missing = try await Screen(lab, "/nothing")
            await missing.read()
            #expect(missing.exit?.isSuccess == false)
        }
    }

    @Test("It can be ended, also before it has begun, and the machine goes on")
    func ends() async throws {
        try await withMachine { lab in
            for isEarly in [true, false] {
                let screen = try await Screen(lab, "/probe", "deaf")
                if !isEarly { try await Task.sleep(for: .milliseconds(200)) }
                screen.session.end()
                await screen.read()
                #expect(screen.exit?.isSuccess == false)
            }
            let id = try #require(MachineID("host"))
            #expect(try await lab.supervisor.status(id).state == .healthy)
            for _ in 0..<200 where try await lab.supervisor.usage(id)?.processes ?? 1 > 1 {
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(try await lab.supervisor.usage(id)?.processes == 1)
            let names = try FileManager.default.contentsOfDirectory(atPath: await lab.supervisor.store.folder(id))
            #expect(!names.contains { $0.hasPrefix("command-") }, "\(names)")
        }
    }
}
