/// Exit codes of a worker that could not start or continue.
public enum WorkerExitCode {
    /// Descriptor 4 is not the status page; the program was started by hand.
    public static let noStatusPage: Int32 = 80
    /// The system call filter could not be installed and ``unsealedFlag`` was not given.
    public static let unsealed: Int32 = 81
    /// The engine could not run the prelude.
    public static let engine: Int32 = 82
    /// The node sent something that is not a frame.
    public static let badFrame: Int32 = 83
    /// The socket failed.
    public static let socket: Int32 = 84

    /// Lets a worker run on a kernel without seccomp. Such a worker relies on the other layers alone.
    public static let unsealedFlag = "--allow-unsealed"
    /// Makes the program a zygote: it loads everything, and workers fork from it.
    public static let zygoteFlag = "--zygote"
}
