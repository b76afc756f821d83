import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// A process that answers with lines on its standard output and ends when its standard input does.
final class ChildProcess {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var unread: [UInt8] = []

    /// Starts this program with other arguments.
    convenience init(_ arguments: [String]) throws {
        try self.init(FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"), arguments)
    }

    /// Starts a program.
    init(_ path: String, _ arguments: [String]) throws {
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        // A process that died is reported when its answer is read.
        signal(SIGPIPE, SIG_IGN)
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    deinit { stop() }

    var id: Int32 { process.processIdentifier }

    /// Sends a line.
    func tell(_ line: String) throws { try send((line + "\n").utf8) }

    /// Sends bytes.
    func send(_ bytes: some Sequence<UInt8>) throws { try input.fileHandleForWriting.write(contentsOf: Data(bytes)) }

    /// The next line; blocks for at most `seconds`.
    func line(within seconds: Int = 300) throws -> String {
        let descriptor = output.fileHandleForReading.fileDescriptor
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                defer { unread.removeFirst(end + 1) }
                return String(decoding: unread[..<end], as: UTF8.self)
            }
            var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let left = (deadline - ContinuousClock.now).inSeconds
            guard left > 0, poll(&item, 1, Int32(left * 1_000) + 1) >= 0 else {
                throw BenchError("process \(id) said nothing within \(seconds) s")
            }
            if item.revents == 0 { continue }
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { throw BenchError("process \(id) ended before it answered") }
            unread += buffer[..<count]
        }
    }

    /// Ends the process and waits for it.
    func stop() {
        try? input.fileHandleForWriting.close()
        guard process.isRunning else { return }
        let deadline = ContinuousClock.now + .seconds(5)
        while process.isRunning, ContinuousClock.now < deadline { usleep(5_000) }
        if process.isRunning { kill(id, SIGKILL) }
        process.waitUntilExit()
    }
}
