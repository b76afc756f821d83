import ArgumentParser
import Client
import ControlModel
import Foundation
import Identity
import Ledger

#if canImport(Glibc)
    import Glibc
#endif

struct MachinesExecCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec", abstract: "Run a command in a machine.",
        discussion: "Input and output are yours; the exit status is the command's. With -t it gets a terminal.")

    @OptionGroup var target: MachineTargetOptions

    @Flag(name: .shortAndLong, help: "Give it a terminal.")
    var terminal = false

    @Argument(parsing: .captureForPassthrough, help: "The command.")
    var command: [String]

    private static let wait = 10_000

    func run() async throws {
        let words = command.first == "--" ? Array(command.dropFirst()) : command
        guard !words.isEmpty else { throw ValidationError("Say which command is to be run") }
        let client = try target.node.client()
        let key = try target.account.load()
        let (machine, node) = try await target.one(client)
        let size = terminal ? MachinesExecCommand.size() : nil
        func order(_ action: MachineOrder.Action) async throws -> MachineOrderAnswer.Output {
            guard
                let output = try await client.order(action, app: machine.app, slot: machine.slot, at: node, key: key)
                    .output
            else { throw CommandError("The node did not say what the command did; update it") }
            return output
        }
        let session = try await order(.exec(words, columns: size?.columns, rows: size?.rows)).session
        let raw = terminal ? RawTerminal() : nil
        defer { raw?.restore() }
        let input = InputPump()
        input.begin()
        var end: MachineOrderAnswer.Output?
        while end == nil {
            let (bytes, hasEnded) = input.take(MachineOrder.maxInputBytes)
            let now = terminal ? MachinesExecCommand.size() : nil
            let output = try await order(
                .step(
                    session: session, input: bytes, endsInput: hasEnded, columns: now?.columns, rows: now?.rows,
                    waitMillis: input.isWaiting ? 100 : MachinesExecCommand.wait))
            Terminal.write(bytes: output.stdout, to: STDOUT_FILENO)
            Terminal.write(bytes: output.stderr, to: STDERR_FILENO)
            if output.end != nil { end = output }
        }
        raw?.restore()
        guard let code = end?.exitCode else { throw CommandError("The command was \(end?.end ?? "ended")") }
        if code != 0 { throw ExitCode(code) }
    }

    private static func size() -> (columns: UInt16, rows: UInt16)? {
        var window = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0 else { return (80, 24) }
        return (window.ws_col, window.ws_row)
    }
}

/// A terminal that hands on every key.
private final class RawTerminal {
    private var before: termios?

    init?() {
        var settings = termios()
        guard isatty(STDIN_FILENO) == 1, tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        before = settings
        cfmakeraw(&settings)
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
    }

    func restore() {
        guard var settings = before else { return }
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
        before = nil
    }
}
