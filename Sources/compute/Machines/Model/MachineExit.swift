/// How a machine's program ended.
public struct MachineExit: Sendable, Hashable, Codable, CustomStringConvertible {
    /// Its exit code, when it ended by itself.
    public var code: Int32?
    /// The signal that ended it.
    public var signal: Int32?
    /// The kernel ended a process of the machine for want of memory.
    public var wasOutOfMemory: Bool

    /// An exit.
    public init(code: Int32? = nil, signal: Int32? = nil, wasOutOfMemory: Bool = false) {
        self.code = code
        self.signal = signal
        self.wasOutOfMemory = wasOutOfMemory
    }

    /// It ended by itself with code 0.
    public var isSuccess: Bool { code == 0 && !wasOutOfMemory }

    /// Such as `exit code 3` or `out of memory (SIGKILL)`.
    public var description: String {
        let how =
            code.map { "exit code \($0)" } ?? signal.map { "ended by \(Self.name(ofSignal: $0))" }
            ?? "ended in an unknown way"
        return wasOutOfMemory ? "out of memory (\(how))" : how
    }

    /// A signal's name, such as `SIGTERM`.
    public static func name(ofSignal signal: Int32) -> String {
        let names: [Int32: String] = [
            1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS",
            8: "SIGFPE", 9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM",
            15: "SIGTERM", 24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS",
        ]
        return names[signal] ?? "signal \(signal)"
    }
}
