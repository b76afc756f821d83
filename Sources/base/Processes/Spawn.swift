import CLinux
import Glibc

/// Starts programs, each with the descriptors that it is given and no other, and no signal blocked or ignored.
///
/// Foundation's `Process` is not for a process that has many files open: with more than 1,350 it reads past its own memory
/// while it looks for those that it has to close in the child.
package enum Spawn {
    /// Why a program was not started, for people.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Where a program finds others, and nothing of this process's own environment.
    package static let usualEnvironment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]

    /// Starts `arguments[0]` with the descriptors given as its 0, 1, 2, …; missing ones are `/dev/null`. With `terminal`,
    /// its 0, 1 and 2 are that terminal, which controls its session, and of the descriptors only those from 3 on count.
    ///
    /// - Parameters:
    ///   - environment: `name=value` each; nil for this process's.
    ///   - hasOwnSession: Whether its session is its own, as it must be with `terminal`. Else it gets a process group of its
    ///     own in this process's, so that Ctrl-C does not reach it.
    /// - Returns: Its process id. The caller waits for it.
    package static func start(
        _ arguments: [String], environment: [String]? = usualEnvironment, descriptors: [Int32?] = [],
        terminal: String? = nil, hasOwnSession: Bool = true
    ) throws(Failure) -> Int32 {
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
        let group = hasOwnSession ? skerry_spawn_setsid() : Int16(POSIX_SPAWN_SETPGROUP)
        posix_spawnattr_setflags(
            &attributes, group | Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
        let count = Int32(max(3, descriptors.count))
        // First out of each other's way, then to their places.
        let safe = max(64, (descriptors.compactMap(\.self).max() ?? 0) + 1)
        // What is not set up the program would have from this process.
        var error: Int32 = 0
        func add(_ result: Int32) { if error == 0 { error = result } }
        for (target, descriptor) in descriptors.enumerated() {
            guard let descriptor else { continue }
            add(posix_spawn_file_actions_adddup2(&actions, descriptor, safe + Int32(target)))
        }
        for target in 0..<count {
            if target < 3, let terminal {
                add(posix_spawn_file_actions_addopen(&actions, target, terminal, O_RDWR, 0))
            } else if Int(target) < descriptors.count, descriptors[Int(target)] != nil {
                add(posix_spawn_file_actions_adddup2(&actions, safe + target, target))
            } else {
                add(posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_RDWR, 0))
            }
        }
        add(skerry_spawn_close_from(&actions, count))
        guard error == 0 else {
            let reason = error == EBADF ? "too many are open; raise LimitNOFILE" : String(cString: strerror(error))
            throw Failure(description: "\(arguments[0]) cannot be given its files: \(reason)")
        }
        var pid: pid_t = 0
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = (environment ?? []).map { strdup($0) } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        error =
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
        var ended: pid_t
        repeat { ended = waitpid(pid, &raw, 0) } while ended < 0 && errno == EINTR
        guard ended == pid else {
            throw Failure(description: "how \(arguments[0]) ended is not known: \(String(cString: strerror(errno)))")
        }
        let hasExited = skerry_status_exited(raw) != 0
        return (hasExited ? skerry_status_code(raw) : 128 + skerry_status_signal(raw), errors)
    }
}
