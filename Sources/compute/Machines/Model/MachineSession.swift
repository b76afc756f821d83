import Glibc
import Synchronization

/// A command that runs in a machine, with its input and output.
public final class MachineSession: Sendable {
    /// Something that the command did.
    public enum Output: Sendable, Hashable {
        /// It wrote this; with a terminal everything is `stdout`.
        case bytes([UInt8], MachineLogLine.Stream)
        /// It ended; nothing follows.
        case exit(MachineExit)
    }

    /// What the command does, in order. Reading slowly slows the command down. One consumer.
    public let output: AsyncStream<Output>
    private let actions: Actions

    struct Actions: Sendable {
        var write: @Sendable ([UInt8]) async -> Bool
        var closeInput: @Sendable () -> Void
        var resize: @Sendable (MachineCommand.Terminal) -> Void
        var end: @Sendable () -> Void
    }

    init(output: AsyncStream<Output>, actions: Actions) {
        self.output = output
        self.actions = actions
    }

    /// Writes to the command's input; waits while it reads nothing. False when it reads no more.
    @discardableResult
    public func write(_ bytes: [UInt8]) async -> Bool { await actions.write(bytes) }

    /// The command's input ends; with a terminal its `^D` is sent.
    public func closeInput() { actions.closeInput() }

    /// Tells the command of a new size of its terminal; nothing without one.
    public func resize(_ size: MachineCommand.Terminal) { actions.resize(size) }

    /// Ends the command.
    public func end() { actions.end() }
}
