import CLinux
import Glibc

/// Starts programs, each with the descriptors that it is given and no other, and in a session of its own unless it is to stay
/// in this process's.
///
/// Foundation's `Process` is not for a process that has many files open: with more than 1,350 it reads past its own memory
/// while it looks for those that it has to close in the child.
package enum Spawn {
    /// Why a program was not started, for people.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// What a program has from this process besides descriptors and environment.
    package struct Inheritance: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }

        /// The session, in which the program gets a process group of its own: Ctrl-C does not reach it.
        package static let session = Inheritance(rawValue: 1)
        /// Which signals are blocked and which are ignored; else none is.
        package static let signals = Inheritance(rawValue: 2)
    }

    /// Where a program finds others, and nothing of this process's own environment.
    package static let usualEnvironment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]

    /// Starts `arguments[0]` with the descriptors given as its 0, 1, 2, …; missing ones are `/dev/null`. With `terminal`,
    /// its 0, 1 and 2 are that terminal, which controls its session, and of the descriptors only those from 3 on count.
    ///
    /// - Parameters:
    ///   - environment: `name=value` each; nil for this process's.
    ///   - inheriting: What it has from this process; the session not together with `terminal`.
    /// - Returns: Its process id. The caller waits for it.
    package static func start(
        _ arguments: [String], environment: [String]? = usualEnvironment, descriptors: [Int32?] = [],
        terminal: String? = nil, inheriting: Inheritance = []
    ) throws(Failure) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var flags = inheriting.contains(.session) ? Int16(POSIX_SPAWN_SETPGROUP) : skerry_spawn_setsid()
        if !inheriting.contains(.signals) {
            var none = sigset_t()
            sigemptyset(&none)
            posix_spawnattr_setsigmask(&attributes, &none)
            var defaults = sigset_t()
            sigfillset(&defaults)
            sigdelset(&defaults, SIGKILL)
            sigdelset(&defaults, SIGSTOP)
            posix_spawnattr_setsigdefault(&attributes, &defaults)
            flags |= Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF)
        }
        posix_spawnattr_setflags(&attributes, flags)
        let count = Int32(max(3, descriptors.count))
        // First out of each other's way, then to their places.
        let safe = max(64, (descriptors.compactMap(\.self).max() ?? 0) + 1)
        for (target, descriptor) in descriptors.enumerated() {
            guard let descriptor else { continue }
            posix_spawn_file_actions_adddup2(&actions, descriptor, safe + Int32(target))
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
            throw Failure(description: "no process can be started without this one's files: error \(closing)")
        }
        var pid: pid_t = 0
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = (environment ?? []).map { strdup($0) } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        let error =
            environment == nil
            ? posix_spawn(&pid, arguments[0], &actions, &attributes, &argv, environ)
            : posix_spawn(&pid, arguments[0], &actions, &attributes, &argv, &envp)
        guard error == 0 else {
            throw Failure(description: "\(arguments[0]) cannot be started: \(String(cString: strerror(error)))")
        }
        return pid
    }

    /// Runs a program to its end with nothing to read, and blocks for so long.
    ///
    /// - Returns: Its exit code, or 128 and the signal that ended it; and what it wrote to its standard error, up to `limit`
    ///   bytes.
    package static func run(_ arguments: [String], limit: Int) throws(Failure) -> (status: Int32, errors: [UInt8]) {
        var ends: [Int32] = [-1, -1]
        guard skerry_pipe(&ends) == 0 else {
            throw Failure(description: "no files are left to run \(arguments[0]); raise LimitNOFILE")
        }
        defer { close(ends[0]) }
        let started = Result { () throws(Failure) in try start(arguments, descriptors: [nil, nil, ends[1]]) }
        close(ends[1])
        let pid = try started.get()
        var errors: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = read(ends[0], &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            errors += part.prefix(min(count, limit - errors.count))
        }
        var raw: Int32 = 0
        while waitpid(pid, &raw, 0) < 0, errno == EINTR {}
        let hasExited = skerry_status_exited(raw) != 0
        return (hasExited ? skerry_status_code(raw) : 128 + skerry_status_signal(raw), errors)
    }
}
