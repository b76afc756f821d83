import CLinux
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// A process that this one started, reaped by its id.
final class ChildProcess {
    let pid: pid_t
    /// Open while this process lives: the child ends when it closes. -1 for a child in the background.
    private let lifeline: Int32
    private var status: Int32?

    /// Starts `executable`. Its output goes to the end of `log`.
    ///
    /// - Parameter isBackground: The child outlives this process, in a session of its own; else it gets the reading end of
    ///   a pipe as standard input, which ends with this process.
    init(executable: String, arguments: [String], log: String, isBackground: Bool) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var ends: [Int32] = [-1, -1]
        if isBackground {
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
            posix_spawnattr_setflags(&attributes, skerry_spawn_setsid())
        } else {
            guard skerry_pipe(&ends) == 0 else { throw ChildProcess.failure(executable, errno) }
            posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO)
            // A group of its own: Ctrl-C reaches this process alone, which then stops the children in order.
            posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        }
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        // Whoever waits for the end of a descriptor of this process must not have to wait for the child's end too.
        _ = skerry_spawn_close_from(&actions, STDERR_FILENO + 1)
        var pid: pid_t = 0
        var argv = ([executable] + arguments).map { strdup($0) }
        argv.append(nil)
        let result = posix_spawn(&pid, executable, &actions, &attributes, argv, environ)
        argv.forEach { free($0) }
        if ends[0] >= 0 { close(ends[0]) }
        guard result == 0 else {
            if ends[1] >= 0 { close(ends[1]) }
            throw ChildProcess.failure(executable, result)
        }
        self.pid = pid
        lifeline = ends[1]
    }

    deinit { if lifeline >= 0 { close(lifeline) } }

    private static func failure(_ executable: String, _ code: Int32) -> CommandError {
        CommandError("Cannot start \(executable): \(String(cString: strerror(code)))")
    }

    /// Whether the process has ended; reaps it if so.
    var hasEnded: Bool {
        if status != nil { return true }
        var value: Int32 = 0
        guard waitpid(pid, &value, WNOHANG) == pid else { return false }
        status = value
        return true
    }

    /// Waits for the end and reaps the process; kills it after `timeout`.
    func wait(timeout: Duration) async {
        let deadline = ContinuousClock.now + timeout
        while !hasEnded {
            if ContinuousClock.now > deadline { kill(pid, SIGKILL) }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }
}
