import CLinux
import Glibc
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

    /// Starts `arguments[0]`, in a session of its own, with the descriptors given as its 0, 1, 2, … and no other.
    /// Missing ones are `/dev/null`. With `terminal`, its 0, 1 and 2 are that terminal, which controls its session, and of
    /// the descriptors only those from 3 on count.
    init(
        _ arguments: [String], environment: [String] = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
        descriptors: [Descriptor?] = [], terminal: String? = nil
    ) throws(MachineError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var defaults = sigset_t()
        sigfillset(&defaults)
        sigdelset(&defaults, SIGKILL)
        sigdelset(&defaults, SIGSTOP)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setflags(
            &attributes,
            skerry_spawn_setsid() | Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
        let count = Int32(max(3, descriptors.count))
        // First out of each other's way, then to their places.
        let safe = max(64, (descriptors.compactMap { $0?.number }.max() ?? 0) + 1)
        for (target, descriptor) in descriptors.enumerated() {
            guard let descriptor else { continue }
            posix_spawn_file_actions_adddup2(&actions, descriptor.number, safe + Int32(target))
        }
        for target in 0..<count {
            if target < 3, let terminal {
                posix_spawn_file_actions_addopen(&actions, target, terminal, O_RDWR, 0)
            } else if Int(target) < descriptors.count, descriptors[Int(target)] != nil {
                posix_spawn_file_actions_adddup2(&actions, safe + target, target)
            } else {
                posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_RDWR, 0)
            }
        }
        let closing = skerry_spawn_close_from(&actions, count)
        guard closing == 0 else {
            throw MachineError(.hostUnable, "no process can be started without this one's files: error \(closing)")
        }
        var pid: pid_t = 0
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        let error = posix_spawn(&pid, arguments[0], &actions, &attributes, &argv, &envp)
        guard error == 0 else {
            throw MachineError(.hostUnable, "\(arguments[0]) cannot be started: \(String(cString: strerror(error)))")
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
                guard waitpid(pid, &raw, WNOHANG) == pid else { return nil }
                if skerry_status_exited(raw) != 0 {
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
