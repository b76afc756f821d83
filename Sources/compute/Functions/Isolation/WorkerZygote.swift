import CSandbox
import Glibc
import Synchronization
import WorkerProtocol

/// A process that has loaded the worker program and runs nothing: workers fork from it, so that what the dynamic linker and
/// the kernel do for each program is done once.
///
/// It makes a worker for a node that asks, or none: then that one is started as a program, and so are all later ones if it
/// has never made any; else it is started again. It holds no code of tenants and no key, and is confined no more than the
/// node; workers confine themselves behind the fork as they do behind exec.
final class WorkerZygote: Sendable {
    private enum State {
        case unborn
        case running(pid_t, control: Int32, hasMadeOne: Bool)
        /// It cannot make workers here, or must not any more.
        case over
    }

    /// How long an order may take, in seconds: far more than a fork does on a machine that is overloaded.
    private static let patience: Int32 = 30

    private let state = Mutex(State.unborn)

    deinit { close() }

    /// The process's id while there is one.
    var pid: pid_t? {
        state.withLock { state in
            if case .running(let pid, _, _) = state { pid } else { nil }
        }
    }

    /// Makes a worker; nil if it has to be started as a program. Blocks for a millisecond, the first time for as long as the
    /// program takes to load.
    ///
    /// - Parameter start: Starts the zygote with its end of the orders' socket, and returns 0 or an errno.
    func spawn(
        socket: Int32, status: Int32, cgroups: UnsafeBufferPointer<skerry_cgroup>,
        start: (_ control: Int32, inout pid_t) -> Int32
    ) -> (pid: pid_t, layers: UInt32)? {
        state.withLock { state in
            if case .unborn = state { state = Self.begin(start) }
            guard case .running(let zygote, let control, let hasMadeOne) = state else { return nil }
            var pid: pid_t = 0
            var layers: UInt32 = 0
            let error = skerry_zygote_spawn(
                control, socket, status, cgroups.baseAddress, cgroups.count, &pid, &layers)
            guard error == 0 else {
                Self.end(&state)
                if hasMadeOne { state = .unborn }
                return nil
            }
            state = .running(zygote, control: control, hasMadeOne: true)
            return (pid, layers)
        }
    }

    /// Ends the process and waits for it. Later workers are started as programs.
    func close() { state.withLock { Self.end(&$0) } }

    private static func begin(_ start: (Int32, inout pid_t) -> Int32) -> State {
        var control: [Int32] = [-1, -1]
        guard skerry_zygote_sockets(&control, patience) == 0 else { return .over }
        var pid: pid_t = 0
        let error = start(control[1], &pid)
        Glibc.close(control[1])
        if error == 0 { return .running(pid, control: control[0], hasMadeOne: false) }
        Glibc.close(control[0])
        return .over
    }

    private static func end(_ state: inout State) {
        if case .running(let pid, let control, _) = state {
            Glibc.close(control)
            _ = skerry_reap(pid)
        }
        state = .over
    }
}
