import ControlModel
import Foundation
import Synchronization
import Testing

@testable import Machines
@testable import Node

/// A command whose owner asks for its output from time to time; the command only exists here.
@Suite("Sessions in machines", .timeLimit(.minutes(1))) struct ExecSessionTests {
    /// What is done to the command.
    private final class Command: Sendable {
        let output: AsyncStream<MachineSession.Output>.Continuation
        let session: ExecSession
        let written = Mutex<[UInt8]>([])
        let isClosed = Mutex(false)
        let hasEnded = Mutex(false)
        /// How many bytes it takes at a time; nil when it reads no more.
        let room = Mutex<Int?>(Int.max)

        private final class Link: Sendable {
            let command = Mutex<Command?>(nil)
        }

        init() async {
            let (stream, output) = AsyncStream.makeStream(of: MachineSession.Output.self)
            let link = Link()
            let running = MachineSession(
                output: stream,
                actions: .init(
                    write: { bytes, _ in
                        guard let command = link.command.withLock({ $0 }), let room = command.room.withLock({ $0 })
                        else { return nil }
                        command.written.withLock { $0 += bytes.prefix(room) }
                        return min(room, bytes.count)
                    },
                    closeInput: { link.command.withLock { $0 }?.isClosed.withLock { $0 = true } },
                    resize: { _ in }, end: { link.command.withLock { $0 }?.hasEnded.withLock { $0 = true } }))
            self.output = output
            session = ExecSession(id: "s", session: running)
            link.command.withLock { $0 = self }
            await session.begin()
        }

        func write(_ count: Int, _ stream: MachineLogLine.Stream = .stdout) {
            output.yield(.bytes([UInt8](repeating: 65, count: count), stream))
        }
    }

    @Test("What comes is handed on at once, with how it ended last; without anything the wait ends")
    func output() async throws {
        let command = await Command()
        let nothing = await command.session.output(wait: .milliseconds(10))
        #expect(nothing.stdout.isEmpty && nothing.stderr.isEmpty && nothing.end == nil)
        async let later = command.session.output(wait: .seconds(50))
        command.write(3)
        #expect(await later.stdout.count == 3)
        command.write(2, .stderr)
        command.output.yield(.exit(MachineExit(signal: SIGKILL)))
        command.output.finish()
        var last = await command.session.output(wait: .seconds(50))
        var errors = last.stderr.count
        while last.end == nil {
            last = await command.session.output(wait: .seconds(50))
            errors += last.stderr.count
        }
        #expect(errors == 2 && last.signal == SIGKILL && last.exitCode == nil)
    }

    @Test("Whoever asks anew relieves the one before, and a cancelled wait ends")
    func askers() async throws {
        let command = await Command()
        let first = Task { await command.session.output(wait: .seconds(50)) }
        let second = Task { await command.session.output(wait: .seconds(50)) }
        // One of them relieves the other, whichever came first.
        let relieved = await withTaskGroup(of: MachineOrderAnswer.Output.self) { group in
            for task in [first, second] { group.addTask { await task.value } }
            let relieved = await group.next()
            first.cancel()
            second.cancel()
            return relieved
        }
        #expect(relieved?.stdout.isEmpty == true)
    }

    @Test("A command whose output nobody fetches waits, and goes on when it is fetched")
    func pressure() async throws {
        let command = await Command()
        for _ in 0..<40 { command.write(32 << 10) }
        command.output.yield(.exit(MachineExit(code: 0)))
        command.output.finish()
        var total = 0
        while true {
            let output = await command.session.output(wait: .seconds(50))
            // What may wait, and one piece more.
            #expect(output.stdout.count <= (256 + 2 * 32) << 10)
            total += output.stdout.count
            if output.end != nil { break }
        }
        #expect(total == 40 * 32 << 10)
    }

    @Test("It is said how much input was taken, and that no more is")
    func input() async throws {
        let command = await Command()
        command.room.withLock { $0 = 2 }
        let bytes = Data([1, 2, 3])
        #expect(try await command.session.input(bytes, ends: true, wait: .zero) == .init(takenBytes: 2, isOpen: true))
        #expect(command.written.withLock { $0 } == [1, 2] && !command.isClosed.withLock { $0 })
        let rest = bytes.dropFirst(2)
        #expect(try await command.session.input(rest, ends: true, wait: .zero) == .init(takenBytes: 1, isOpen: false))
        #expect(command.written.withLock { $0 } == [1, 2, 3] && command.isClosed.withLock { $0 })
        command.room.withLock { $0 = nil }
        #expect(try await command.session.input(bytes, ends: false, wait: .zero).isOpen == false)
    }

    @Test("Hanging up ends the command, also while its output waits to be fetched")
    func hangUp() async throws {
        let command = await Command()
        for _ in 0..<40 { command.write(32 << 10) }
        await command.session.hangUp()
        #expect(command.hasEnded.withLock { $0 })
        command.output.finish()
        var last = await command.session.output(wait: .seconds(50))
        while last.end == nil { last = await command.session.output(wait: .seconds(50)) }
    }
}
