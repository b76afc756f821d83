import CSandbox
import Glibc
import WorkerProtocol

/// The life of a worker process: confine, start the engine, seal, then answer frames on descriptor 3 until the node
/// closes it.
public enum WorkerMain {
    /// Lets a worker run on a kernel without seccomp. Such a worker relies on the other layers alone.
    public static let unsealedFlag = "--allow-unsealed"

    /// Exit codes of a worker that could not start or continue.
    public enum ExitCode {
        /// Descriptor 4 is not the status page; the program was started by hand.
        public static let noStatusPage: Int32 = 80
        /// The system call filter could not be installed and ``WorkerMain/unsealedFlag`` was not given.
        public static let unsealed: Int32 = 81
        /// The engine could not run the prelude.
        public static let engine: Int32 = 82
        /// The node sent something that is not a frame.
        public static let badFrame: Int32 = 83
        /// The socket failed.
        public static let socket: Int32 = 84
    }

    /// Runs the worker; never returns.
    public static func run() -> Never {
        let status = Int32(SKERRY_WORKER_STATUS)
        guard let page = skerry_status_map(status) else { _exit(ExitCode.noStatusPage) }
        close(status)
        let socket = Int32(SKERRY_WORKER_SOCKET)
        guard skerry_exit_with_peer(socket) == 0 else { _exit(ExitCode.socket) }
        var layers = skerry_sandbox_enter()

        let worker = Worker(page: page, socket: socket)
        HostFunctions.worker = worker
        guard let engine = Engine() else { _exit(ExitCode.engine) }
        worker.engine = engine
        if skerry_sandbox_seal() == 0 {
            layers |= UInt32(SKERRY_LAYER_SECCOMP)
        } else if !CommandLine.arguments.contains(unsealedFlag) {
            _exit(ExitCode.unsealed)
        }
        worker.send(.hello(version: WireLimits.protocolVersion, layers: layers))
        worker.serve()
    }
}
