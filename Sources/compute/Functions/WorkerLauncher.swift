import CSandbox
import Glibc
import WorkerProtocol

/// Starts worker processes.
struct WorkerLauncher: Sendable {
    /// A process that runs, and our end of its socket.
    struct Launched {
        var pid: pid_t
        var socket: Int32
        var page: StatusPage
        /// Namespaces that were made and cgroups that it is in (`CSandbox` bits).
        var layers: UInt32
        /// To be removed once the process has been reaped.
        var cgroup: WorkerCgroup
    }

    let path: String
    let allowUnsealed: Bool
    let memoryLimitBytes: Int
    /// More arguments; a worker has none.
    var arguments: [String] = []
    /// Where workers fork from; nil: each is started as a program.
    var zygote: WorkerZygote?

    /// Starts one worker. Blocks for a few milliseconds: call it on a thread that may.
    func launch() throws(FunctionError) -> Launched {
        var sockets: [Int32] = [-1, -1]
        let error = skerry_socket_pair(&sockets)
        guard error == 0 else { throw failure("no socket pair", error) }
        defer { close(sockets[1]) }
        let status = skerry_status_create()
        guard status >= 0 else {
            close(sockets[0])
            throw failure("no status page", errno)
        }
        defer { close(status) }
        guard let page = StatusPage(descriptor: status) else {
            close(sockets[0])
            throw failure("no status page", ENOMEM)
        }
        let cgroups = WorkerCgroups.ofThisProcess
        for (controller, error) in cgroups.refusals { page.refuse(controller.layer, error) }
        let cgroup = cgroups.make(memoryBytes: memoryLimitBytes)
        var pid: pid_t = 0
        var layers: UInt32 = 0
        let spawned = cgroup.withMembership { members in
            if let forked = zygote?.spawn(socket: sockets[1], status: status, cgroups: members, start: startZygote) {
                (pid, layers) = forked
                return Int32(0)
            }
            return withProgram([]) { arguments, environment in
                page.withPointer { page in
                    skerry_spawn(
                        path, arguments, environment, sockets[1], status, page, members.baseAddress, members.count,
                        &pid, &layers)
                }
            }
        }
        guard spawned == 0 else {
            cgroup.remove()
            close(sockets[0])
            throw failure("the worker program does not start", spawned)
        }
        return Launched(pid: pid, socket: sockets[0], page: page, layers: layers, cgroup: cgroup)
    }

    private func startZygote(_ control: Int32, _ pid: inout pid_t) -> Int32 {
        withProgram([WorkerExitCode.zygoteFlag]) { arguments, environment in
            skerry_zygote_start(path, arguments, environment, control, &pid)
        }
    }

    private typealias Texts = UnsafePointer<UnsafeMutablePointer<CChar>?>?

    private func withProgram(_ flags: [String], _ body: (_ arguments: Texts, _ environment: Texts) -> Int32) -> Int32 {
        let flags = flags + (allowUnsealed ? [WorkerExitCode.unsealedFlag] : [])
        return withTexts([path] + arguments + flags) { arguments in
            withTexts(environment) { body(arguments, $0) }
        }
    }

    private var environment: [String] {
        [
            "SWIFT_BACKTRACE=enable=no", "LANG=C.UTF-8", "TZ=UTC",
            // The engine sizes its heap growth by the machine's memory; this is all that it may use.
            "JSC_forceRAMSize=\(memoryLimitBytes)",
            // Beyond so many memories of WebAssembly instances, the engine collects garbage for each new one; a program
            // makes one a request. They are address space until they are written to.
            "JSC_maxNumWasmFastMemories=32",
        ]
    }

    private func failure(_ what: String, _ error: Int32) -> FunctionError {
        FunctionError(
            .workerMissing,
            "\(what): \(String(cString: strerror(error))); check that skerry-worker is installed and executable",
            retryAfter: .seconds(5))
    }

    private func withTexts<Result>(_ texts: [String], _ body: (Texts) -> Result) -> Result {
        var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
    }
}
