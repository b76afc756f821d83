import CSandbox
import Glibc
import WorkerProtocol

/// The life of a worker process: confine, start the engine, seal, then answer frames on descriptor 3 until the node
/// closes it.
public enum WorkerMain {
    /// Runs the worker, or the zygote and each worker that forks from it; never returns.
    public static func run() -> Never {
        if CommandLine.arguments.contains(WorkerExitCode.zygoteFlag) { skerry_zygote_serve() }
        let status = Int32(SKERRY_WORKER_STATUS)
        guard let page = skerry_status_map(status) else { _exit(WorkerExitCode.noStatusPage) }
        close(status)
        let socket = Int32(SKERRY_WORKER_SOCKET)
        // Threads that exist already would keep the rights that this one gives up.
        var layers = skerry_sandbox_enter(page)
        guard skerry_exit_with_peer(socket) == 0 else { _exit(WorkerExitCode.socket) }

        let worker = Worker(page: page, socket: socket)
        HostFunctions.worker = worker
        guard let engine = Engine() else { _exit(WorkerExitCode.engine) }
        worker.engine = engine
        if skerry_sandbox_seal() == 0 {
            layers |= UInt32(SKERRY_LAYER_SECCOMP)
        } else if !CommandLine.arguments.contains(WorkerExitCode.unsealedFlag) {
            _exit(WorkerExitCode.unsealed)
        }
        worker.send(.hello(version: WireLimits.protocolVersion, layers: layers))
        worker.serve()
    }
}
