import CLinux
import Cgroups
import Glibc

/// A command in a machine: the runtime that runs it, its input and output.
struct CommandRun: Sendable {
    private static let chunk = 32 << 10

    private let process: ChildProcess
    private let input: Descriptor
    private let outputs: [(Descriptor, MachineLogLine.Stream)]
    private let hasTerminal: Bool
    private let pidFile: String

    /// Starts it. The runtime writes the command's process id to `pidFile`.
    init(_ words: [String], terminal: MachineCommand.Terminal?, pidFile: String) throws(MachineError) {
        self.pidFile = pidFile
        hasTerminal = terminal != nil
        guard let terminal else {
            guard let (child, ours) = Descriptor.pipe(), let (out, childOut) = Descriptor.pipe(),
                let (err, childErr) = Descriptor.pipe()
            else { throw MachineError(.hostUnable, "no files are left for a command; raise LimitNOFILE") }
            process = try ChildProcess(words, descriptors: [child, childOut, childErr])
            for end in [child, childOut, childErr] { end.close() }
            for end in [ours, out, err] { end.makeNonBlocking() }
            input = ours
            outputs = [(out, .stdout), (err, .stderr)]
            return
        }
        var name = [CChar](repeating: 0, count: 128)
        let master = Descriptor(skerry_open_terminal(&name, name.count))
        guard master.number >= 0 else { throw MachineError(.hostUnable, "no terminal is left on this host") }
        _ = skerry_set_window_size(master.number, terminal.columns, terminal.rows)
        let path = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        process = try ChildProcess(words, terminal: path)
        master.makeNonBlocking()
        input = master
        outputs = [(master, .stdout)]
    }

    /// The session of it.
    func session() -> MachineSession {
        let state = OutputState(self)
        let output = AsyncStream<MachineSession.Output>(unfolding: { await state.next() })
        return MachineSession(
            output: output,
            actions: .init(
                write: { await write($0) },
                closeInput: { hasTerminal ? sendEnd() : input.close() },
                resize: { _ = skerry_set_window_size(input.number, $0.columns, $0.rows) },
                end: { end() }))
    }

    private func sendEnd() {
        var end: UInt8 = 4
        _ = Glibc.write(input.number, &end, 1)
    }

    private func write(_ bytes: [UInt8]) async -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty, !Task.isCancelled {
            guard input.number >= 0 else { return false }
            let count = rest.withUnsafeBytes { Glibc.write(input.number, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                await Readiness.wait(reading: [process.ending], writing: input)
                if process.poll() != nil { return false }
            } else if errno != EINTR {
                return false
            }
        }
        return rest.isEmpty
    }

    /// Ends the command itself, and the runtime that waits for it.
    func end() {
        let text = ControlFile.read(pidFile) ?? ""
        if process.poll() == nil, let pid = pid_t(text.filter(\.isNumber)), let command = ChildProcess(adopting: pid) {
            command.send(SIGKILL)
        }
        process.send(SIGTERM)
    }

    private actor OutputState {
        private let run: CommandRun
        private var open: [(Descriptor, MachineLogLine.Stream)]
        private var isOver = false

        init(_ run: CommandRun) {
            self.run = run
            open = run.outputs
        }

        deinit {
            if !isOver { run.end() }
            unlink(run.pidFile)
        }

        func next() async -> MachineSession.Output? {
            while !isOver, !Task.isCancelled {
                let ended = run.process.poll()
                for (descriptor, stream) in open {
                    guard let bytes = descriptor.read(atMost: CommandRun.chunk) else {
                        open.removeAll { $0.0 === descriptor }
                        continue
                    }
                    if !bytes.isEmpty { return .bytes(bytes, stream) }
                }
                if let ended {
                    isOver = true
                    return .exit(Self.translate(ended))
                }
                await Readiness.wait(reading: open.map { $0.0 } + [run.process.ending])
            }
            return nil
        }

        /// Runtimes say 128 + n for a command that signal n ended.
        private static func translate(_ exit: MachineExit) -> MachineExit {
            guard let code = exit.code, (129...192).contains(code) else { return exit }
            return MachineExit(signal: code - 128)
        }
    }
}
