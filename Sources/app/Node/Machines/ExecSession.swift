import ControlModel
import Foundation
import Machines

/// A command in a machine whose owner asks for its output from time to time.
actor ExecSession {
    /// Output that waits to be fetched, in bytes; the command waits when there is more.
    private static let maxWaiting = 256 << 10
    private static let pause = Duration.milliseconds(5)

    private let id: String
    private let session: MachineSession
    private var stdout: [UInt8] = []
    private var stderr: [UInt8] = []
    private var end: MachineExit?
    private var hasEnded = false
    private var reader: Task<Void, Never>?
    /// When it was asked for last.
    private(set) var lastStep = ContinuousClock.now

    init(id: String, session: MachineSession) {
        self.id = id
        self.session = session
    }

    /// Begins to read what the command writes.
    func begin() {
        reader = Task {
            for await output in session.output {
                switch output {
                case .bytes(let bytes, let stream): await take(bytes, stream)
                case .exit(let exit): end = exit
                }
            }
            hasEnded = true
        }
    }

    private func take(_ bytes: [UInt8], _ stream: MachineLogLine.Stream) async {
        while stdout.count + stderr.count > ExecSession.maxWaiting {
            guard (try? await Task.sleep(for: ExecSession.pause)) != nil else { return }
        }
        if stream == .stdout { stdout += bytes } else { stderr += bytes }
    }

    /// Gives the command input, and what it wrote back; waits up to `wait` while there is nothing.
    func step(input: Data, endsInput: Bool, size: MachineCommand.Terminal?, wait: Duration) async
        -> MachineOrderAnswer.Output
    {
        lastStep = .now
        if let size { session.resize(size) }
        if !input.isEmpty { await session.write(Array(input)) }
        if endsInput { session.closeInput() }
        let deadline = ContinuousClock.now + wait
        while stdout.isEmpty, stderr.isEmpty, !hasEnded, ContinuousClock.now < deadline {
            guard (try? await Task.sleep(for: ExecSession.pause)) != nil else { break }
        }
        lastStep = .now
        var output = MachineOrderAnswer.Output(session: id)
        output.stdout = Data(stdout)
        output.stderr = Data(stderr)
        stdout = []
        stderr = []
        if hasEnded {
            output.end = end.map { "\($0)" } ?? "ended in an unknown way"
            output.exitCode = end?.code
        }
        return output
    }

    /// Ends the command.
    func hangUp() {
        session.end()
        reader?.cancel()
    }
}
