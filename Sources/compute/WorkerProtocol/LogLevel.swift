/// How loud a console line is.
public enum LogLevel: UInt8, Hashable, Sendable, CaseIterable {
    /// `console.debug` and `console.trace`.
    case debug = 0
    /// `console.log` and `console.info`.
    case info = 1
    /// `console.warn`.
    case warning = 2
    /// `console.error`, and uncaught exceptions with their stacks.
    case error = 3
}
