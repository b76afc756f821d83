import CLinux
import Foundation
import Processes
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// A process that this one started, reaped by its id.
final class ChildProcess: Sendable {
    let pid: pid_t
    /// Open while this process lives: the child ends when it closes. -1 for a child in the background.
    private let lifeline: Int32
    private let status = Mutex<Int32?>(nil)

    /// Starts `executable`. Its output goes to the end of `log`.
    ///
    /// - Parameters:
    ///   - isBackground: The child outlives this process, in a session of its own; else it gets the reading end of a pipe
    ///     as standard input, which ends with this process.
    ///   - environment: Nil for this process's.
    init(
        executable: String, arguments: [String], log: String, isBackground: Bool, environment: [String: String]? = nil
    ) throws {
        let output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw CommandError("Cannot write \(log): \(String(cString: strerror(errno)))") }
        defer { close(output) }
        var ends: [Int32] = [-1, -1]
        if !isBackground {
            guard skerry_pipe(&ends) == 0 else {
                throw CommandError("Cannot start \(executable): \(String(cString: strerror(errno)))")
            }
        }
        defer { if ends[0] >= 0 { close(ends[0]) } }
        do {
            pid = try Spawn.start(
                [executable] + arguments, environment: environment?.map { "\($0.key)=\($0.value)" },
                descriptors: [isBackground ? nil : ends[0], output, output],
                // In the foreground Ctrl-C reaches this process alone, which then stops the children in order.
                hasOwnSession: isBackground)
        } catch {
            if ends[1] >= 0 { close(ends[1]) }
            throw CommandError(error.description)
        }
        lifeline = ends[1]
    }

    deinit { if lifeline >= 0 { close(lifeline) } }

    /// Whether the process has ended; reaps it if so.
    var hasEnded: Bool {
        status.withLock { status in
            if status != nil { return true }
            var value: Int32 = 0
            guard waitpid(pid, &value, WNOHANG) == pid else { return false }
            status = value
            return true
        }
    }

    /// Whether the ended process was told to end, rather than failed or was killed.
    var endedOnPurpose: Bool {
        guard let status = status.withLock({ $0 }) else { return false }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff == 0 : signal == SIGTERM || signal == SIGINT
    }

    /// Waits for the end and reaps the process; kills it after `timeout`. Being cancelled changes nothing.
    func wait(timeout: Duration) async {
        let deadline = ContinuousClock.now + timeout
        while !hasEnded {
            if ContinuousClock.now > deadline { kill(pid, SIGKILL) }
            _ = await Task { try? await Task.sleep(for: .milliseconds(20)) }.value
        }
    }

    // MARK: Logs

    /// A log larger than this is set aside when its process starts.
    private static let maxLogBytes = 10 << 20

    /// Makes room for a new log where the old one is large.
    static func setLogAside(_ path: String) {
        let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
        if size > maxLogBytes { rename(path, path + ".1") }
    }

    /// The last lines of a log, for an error that people read.
    static func endOfLog(_ path: String) -> String {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        let tail = text.split(separator: "\n").suffix(5).joined(separator: "\n  ")
        return "Its log \(path) ends with:\n  \(tail)"
    }
}
