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
        var write: @Sendable ([UInt8], Duration?) async -> Int?
        var closeInput: @Sendable () async -> Void
        var resize: @Sendable (MachineCommand.Terminal) -> Void
        var end: @Sendable () -> Void
    }

    init(output: AsyncStream<Output>, actions: Actions) {
        self.output = output
        self.actions = actions
    }

    /// Writes to the command's input; waits while it reads nothing, at most `patience` if there is one. One caller at a
    /// time, ``closeInput()`` included.
    ///
    /// - Returns: How many of the bytes it took, from the first on; nil when it reads no more.
    @discardableResult
    public func write(_ bytes: [UInt8], within patience: Duration? = nil) async -> Int? {
        await actions.write(bytes, patience)
    }

    /// The command's input ends. With a terminal `^D` is sent, as often as it takes to end a line and then the input; a
    /// program that reads keys by itself sees them as such.
    public func closeInput() async { await actions.closeInput() }

    /// Tells the command of a new size of its terminal; nothing without one.
    public func resize(_ size: MachineCommand.Terminal) { actions.resize(size) }

    /// Ends the command. Returns at once; ``output`` says when it has ended.
    public func end() { actions.end() }
}
