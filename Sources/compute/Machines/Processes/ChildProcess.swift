import CLinux
import Glibc
import Processes
import Synchronization

/// A process that this one started, or found running.
final class ChildProcess: Sendable {
    let pid: pid_t
    private let handle: Descriptor
    private let isChild: Bool
    private let status = Mutex<MachineExit?>(nil)
    private let kept = Atomic(false)
    /// It goes on when nobody here waits for it any more.
    var isKept: Bool {
        get { kept.load(ordering: .relaxed) }
        set { kept.store(newValue, ordering: .relaxed) }
    }

    /// Takes over a process that somebody else started; nil when there is none.
    init?(adopting pid: pid_t) {
        let handle = skerry_pidfd_open(pid)
        guard handle >= 0 else { return nil }
        self.pid = pid
        self.handle = Descriptor(handle)
        isChild = false
    }

    /// Starts `arguments[0]`, as ``Spawn`` says.
    init(
        _ arguments: [String], environment: [String] = Spawn.usualEnvironment, descriptors: [Descriptor?] = [],
        terminal: String? = nil
    ) throws(MachineError) {
        let pid: pid_t
        do {
            pid = try Spawn.start(
                arguments, environment: environment, descriptors: descriptors.map { $0?.number }, terminal: terminal)
        } catch {
            throw MachineError(.hostUnable, error.description)
        }
        let handle = skerry_pidfd_open(pid)
        guard handle >= 0 else {
            let error = errno
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            throw MachineError(.hostUnable, "a process cannot be watched: \(String(cString: strerror(error)))")
        }
        self.pid = pid
        self.handle = Descriptor(handle)
        isChild = true
    }

    /// A process that nobody waits for any more must not stay.
    deinit {
        guard isChild, !isKept, status.withLock({ $0 }) == nil else { return }
        skerry_pidfd_signal(handle.number, SIGKILL)
        waitpid(pid, nil, 0)
    }

    /// Sends a signal. False when the process is gone.
    @discardableResult
    func send(_ signal: Int32) -> Bool { skerry_pidfd_signal(handle.number, signal) == 0 }

    /// What becomes readable when the process ends.
    var ending: Descriptor { handle }

    /// Waits until the process has ended and tells how; of a process that somebody else started only that it has.
    /// Nil when the task is cancelled first.
    func wait() async -> MachineExit? {
        while true {
            if let exit = poll() { return exit }
            if Task.isCancelled { return nil }
            await Readiness.wait(reading: [handle])
        }
    }

    /// How the process ended; nil while it runs.
    func poll() -> MachineExit? {
        status.withLock { known in
            if let known { return known }
            var pollable = pollfd(fd: handle.number, events: Int16(POLLIN), revents: 0)
            guard Glibc.poll(&pollable, 1, 0) > 0 else { return nil }
            var exit = MachineExit()
            if isChild {
                var raw: Int32 = 0
                let ended = waitpid(pid, &raw, WNOHANG)
                if ended == 0 { return nil }
                if ended < 0 {
                    // Somebody else has its status. It has ended all the same.
                    exit.code = -1
                } else if skerry_status_exited(raw) != 0 {
                    exit.code = skerry_status_code(raw)
                } else {
                    exit.signal = skerry_status_signal(raw)
                }
            }
            known = exit
            return exit
        }
    }
}
