import ArgumentParser
import ControlModel
import Foundation
import Ledger
import UnixSignals

#if canImport(Glibc)
    import Glibc
#endif

struct MachinesExecCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec", abstract: "Run a command in a machine.",
        discussion: """
            Input and output are yours, and the exit status is the command's, or 128 and the number of the signal that \
            ended it. With -t the command gets a terminal: every key goes to it, Ctrl-C too, and it hears of your \
            terminal's size.
            """)

    @OptionGroup var target: MachineTargetOptions

    @Flag(name: [.customShort("t"), .long, .customLong("tty")], help: "Give it a terminal.")
    var terminal = false

    @Argument(parsing: .captureForPassthrough, help: "The command.")
    var command: [String]

    func run() async throws {
        let words = command.first == "--" ? Array(command.dropFirst()) : command
        guard !words.isEmpty else { throw ValidationError("Say which command is to be run") }
        let link = try await target.place.one(target.app)
        let size = terminal ? RawTerminal.size() : nil
        let session = try await MachineSessionLink(.exec(words, columns: size?.columns, rows: size?.rows), on: link)
        let raw = terminal ? RawTerminal() : nil
        defer { raw?.restore() }
        let end = try await attend(session)
        raw?.restore()
        if let code = end.exitCode {
            if code != 0 { throw ExitCode(code) }
        } else {
            Terminal.note("The command was \(end.end ?? "ended")")
            throw ExitCode(end.signal.map { 128 + $0 } ?? 1)
        }
    }

    /// Carries input, output and signals between this process and the session, until that ends.
    private func attend(_ session: MachineSessionLink) async throws -> MachineOrderAnswer.Output {
        let hasTerminal = terminal
        // Registered before anything else can happen: a signal that comes early is not lost.
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup, .sigwinch)
        return try await withThrowingTaskGroup(of: MachineOrderAnswer.Output?.self) { group in
            group.addTask {
                let input = InputPump()
                input.begin()
                for await piece in input.pieces {
                    guard try await session.give(piece) else { return nil }
                    input.took()
                }
                if !Task.isCancelled { try await session.endInput() }
                return nil
            }
            group.addTask {
                for await signal in signals {
                    if signal == .sigwinch {
                        if hasTerminal { try await session.resize(RawTerminal.size()) }
                    } else {
                        await session.hangUp()
                        throw ExitCode(128 + signal.rawValue)
                    }
                }
                return nil
            }
            group.addTask {
                try await session.read { output in
                    Terminal.write(bytes: output.stdout, to: STDOUT_FILENO)
                    Terminal.write(bytes: output.stderr, to: STDERR_FILENO)
                }
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let end = result { return end }
            }
            throw CommandError("The command's output ended without its end; try again")
        }
    }
}
