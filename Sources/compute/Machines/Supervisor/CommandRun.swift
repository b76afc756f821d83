import CLinux
import Cgroups
import Glibc
import Synchronization

/// Something that is done in a machine: the process on the host that stands for it, its input and output.
struct CommandRun: Sendable {
    private static let chunk = 32 << 10
    /// Nothing tells that an input was closed meanwhile, and a wait may end for nothing: so often it is looked at again.
    private static let look = Duration.milliseconds(250)
    /// Between two tries to end a command, which may be about to begin, and how many there are until its runtime is killed.
    private static let endPause = Duration.milliseconds(100)
    private static let endTries = 30

    private let process: ChildProcess
    private let input: Descriptor
    private let outputs: [(Descriptor, MachineLogLine.Stream)]
    private let hasTerminal: Bool
    private let work: Work
    /// What was written last, on a terminal.
    private let lastByte = LastByte()

    private enum Work: Sendable {
        /// A command of this machine, whose process id the runtime writes to a file.
        case command(MachineID, PIDFile)
        /// A process of ours, which cleans up when it is asked to end.
        case own
    }

    private final class LastByte: Sendable {
        private let byte = Mutex(UInt8(ascii: "\n"))
        var value: UInt8 {
            get { byte.withLock { $0 } }
            set { byte.withLock { $0 = newValue } }
        }
    }

    /// A file that is there as long as somebody may want to read it.
    private final class PIDFile: Sendable {
        private let path: String

        init(_ path: String) {
            self.path = path
            unlink(path)
        }

        deinit { unlink(path) }

        var pid: pid_t? { ControlFile.read(path).flatMap { pid_t($0.filter(\.isNumber)) } }
    }

    /// Runs a command in a machine: `words` are the runtime's, which reads `description` from its descriptor 3 and writes
    /// the command's process id to `pidFile`.
    init(
        _ words: [String], description: String, terminal: MachineCommand.Terminal?, in machine: MachineID,
        pidFile: String
    ) throws(MachineError) {
        guard let description = Descriptor.file(holding: description) else { throw Self.noFiles }
        work = .command(machine, PIDFile(pidFile))
        hasTerminal = terminal != nil
        guard let terminal else {
            (process, input, outputs) = try Self.piped(words, description)
            return
        }
        var name = [CChar](repeating: 0, count: 128)
        let master = Descriptor(skerry_open_terminal(&name, name.count))
        guard master.number >= 0 else { throw MachineError(.hostUnable, "no terminal is left on this host") }
        _ = skerry_set_window_size(master.number, terminal.columns, terminal.rows)
        let path = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        process = try ChildProcess(words, descriptors: [nil, nil, nil, description], terminal: path)
        master.makeNonBlocking()
        input = master
        outputs = [(master, .stdout)]
    }

    /// Runs a program of ours, with `descriptor` as its 3.
    init(_ words: [String], with descriptor: Descriptor) throws(MachineError) {
        work = .own
        hasTerminal = false
        (process, input, outputs) = try Self.piped(words, descriptor)
    }

    /// A command that has ended must not end this process when it is written to; NIO asks for the same.
    private static let ignoresBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

    private static let noFiles = MachineError(.hostUnable, "no files are left for a command; raise LimitNOFILE")

    private static func piped(
        _ words: [String], _ descriptor: Descriptor
    ) throws(MachineError) -> (ChildProcess, Descriptor, [(Descriptor, MachineLogLine.Stream)]) {
        _ = ignoresBrokenPipes
        guard let (child, ours) = Descriptor.pipe(), let (out, childOut) = Descriptor.pipe(),
            let (err, childErr) = Descriptor.pipe()
        else { throw noFiles }
        let process = try ChildProcess(words, descriptors: [child, childOut, childErr, descriptor])
        for end in [child, childOut, childErr] { end.close() }
        for end in [ours, out, err] { end.makeNonBlocking() }
        return (process, ours, [(out, .stdout), (err, .stderr)])
    }

    /// The session of it.
    func session() -> MachineSession {
        let state = OutputState(self)
        let output = AsyncStream<MachineSession.Output>(unfolding: { await state.next() })
        return MachineSession(
            output: output,
            actions: .init(
                write: { await write($0, within: $1) }, closeInput: { await closeInput() },
                resize: { _ = skerry_set_window_size(input.number, $0.columns, $0.rows) }, end: { end() }))
    }

    private func closeInput() async {
        guard hasTerminal else { return input.close() }
        // Behind a part of a line the first one only ends that part.
        await write(lastByte.value == UInt8(ascii: "\n") ? [4] : [4, 4], within: Self.look)
    }

    @discardableResult
    private func write(_ bytes: [UInt8], within patience: Duration?) async -> Int? {
        let deadline = patience.map { ContinuousClock.now + $0 }
        var rest = bytes[...]
        while !rest.isEmpty, !Task.isCancelled {
            guard input.number >= 0 else { return nil }
            let count = rest.withUnsafeBytes { Glibc.write(input.number, $0.baseAddress, $0.count) }
            let error = errno
            if count >= 0 {
                if hasTerminal, let last = rest.prefix(count).last { lastByte.value = last }
                rest = rest.dropFirst(count)
            } else if error == EAGAIN {
                if process.poll() != nil { return nil }
                let left = deadline.map { $0 - .now } ?? Self.look
                if left <= .zero { break }
                await Readiness.wait(reading: [process.ending], writing: input, atMost: min(left, Self.look))
            } else if error != EINTR {
                return nil
            }
        }
        return bytes.count - rest.count
    }

    /// Ends it, within a few seconds.
    func end() {
        Task {
            for _ in 0..<Self.endTries {
                guard process.poll() == nil else { return }
                signalEnd()
                await Readiness.wait(reading: [process.ending], atMost: Self.endPause)
            }
            process.send(SIGKILL)
        }
    }

    /// The command itself, not the runtime, which then says how it ended.
    private func signalEnd() {
        switch work {
        case .own: process.send(SIGTERM)
        case .command(let machine, let file):
            guard let pid = file.pid, let command = ChildProcess(adopting: pid),
                MachineCgroups(process: pid)?.belongs(to: machine) == true
            else { return }
            command.send(SIGKILL)
        }
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
        }

        func next() async -> MachineSession.Output? {
            while !isOver, !Task.isCancelled {
                // Looked at first: what it wrote before its end can be read after that.
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
                    return .exit(run.translate(ended))
                }
                await Readiness.wait(reading: open.map { $0.0 } + [run.process.ending])
            }
            return nil
        }
    }

    /// Runtimes say 128 + n for a command that signal n ended.
    private func translate(_ exit: MachineExit) -> MachineExit {
        guard case .command = work, let code = exit.code, (129...192).contains(code) else { return exit }
        return MachineExit(signal: code - 128)
    }
}
