import ControlModel
import Foundation
import Machines

/// A command or a copy in a machine whose owner asks for its output from time to time.
actor ExecSession {
    /// Output that waits to be fetched, in bytes; the command waits when there is more.
    private static let maxWaiting = 256 << 10

    private let id: String
    private let session: MachineSession
    private var stdout: [UInt8] = []
    private var stderr: [UInt8] = []
    private var end: MachineExit?
    private var hasEnded = false
    private var isTakingInput = false
    private var reader: Task<Void, Never>?
    /// Who waits for output: one at a time.
    private var asking: CheckedContinuation<Void, Never>?
    /// The reader, while there is as much as may wait.
    private var holding: CheckedContinuation<Void, Never>?
    /// When it was asked for last.
    private(set) var lastUse = ContinuousClock.now

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
            wakeAsker()
        }
    }

    private func take(_ bytes: [UInt8], _ stream: MachineLogLine.Stream) async {
        while stdout.count + stderr.count > ExecSession.maxWaiting, !Task.isCancelled {
            await withCheckedContinuation { holding = $0 }
        }
        if stream == .stdout { stdout += bytes } else { stderr += bytes }
        wakeAsker()
    }

    private func wakeAsker() {
        asking?.resume()
        asking = nil
    }

    private func wakeReader() {
        holding?.resume()
        holding = nil
    }

    /// Gives the command input; waits up to `wait` while it takes nothing.
    ///
    /// - Throws: ``ControlFailure`` with status 409 while it is being given other input.
    func input(_ bytes: Data, ends: Bool, wait: Duration) async throws -> MachineOrderAnswer.Input {
        lastUse = .now
        guard !isTakingInput else {
            throw ControlFailure(
                status: 409, code: "machine/input-busy",
                message: "The command has not taken all of the input before this; give it again later")
        }
        isTakingInput = true
        defer { isTakingInput = false }
        guard let taken = await session.write(Array(bytes), within: wait) else {
            return .init(takenBytes: bytes.count, isOpen: false)
        }
        let isLast = ends && taken == bytes.count
        if isLast { await session.closeInput() }
        return .init(takenBytes: taken, isOpen: !isLast)
    }

    /// What the command wrote; waits up to `wait` while there is nothing. Whoever waits already gets nothing.
    func output(wait: Duration) async -> MachineOrderAnswer.Output {
        lastUse = .now
        if stdout.isEmpty, stderr.isEmpty, !hasEnded { await waitForOutput(wait) }
        lastUse = .now
        var output = MachineOrderAnswer.Output(session: id)
        output.stdout = Data(stdout)
        output.stderr = Data(stderr)
        stdout = []
        stderr = []
        wakeReader()
        if hasEnded {
            output.end = end.map { "\($0)" } ?? "ended in an unknown way"
            output.exitCode = end?.code
            output.signal = end?.signal
        }
        return output
    }

    private func waitForOutput(_ wait: Duration) async {
        wakeAsker()
        let alarm = Task {
            guard (try? await Task.sleep(for: wait)) != nil else { return }
            self.wakeAsker()
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { asking = $0 }
        } onCancel: {
            Task { await self.wakeAsker() }
        }
        alarm.cancel()
    }

    func resize(_ size: MachineCommand.Terminal) {
        lastUse = .now
        session.resize(size)
    }

    /// Ends the command.
    func hangUp() {
        session.end()
        reader?.cancel()
        wakeReader()
    }
}
