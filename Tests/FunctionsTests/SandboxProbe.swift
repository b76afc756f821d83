import CSandbox
import Glibc

@testable import Functions

/// Starts the program `sandbox-probe` as a worker is started and reads what became of its attempt.
enum SandboxProbe {
    enum Result: Equatable, CustomStringConvertible {
        /// It succeeded.
        case done
        case refused(errno: Int32)
        case killed(signal: Int32)
        case unknown(status: Int32, text: String)

        var isStopped: Bool {
            switch self {
            case .refused, .killed: true
            case .done, .unknown: false
            }
        }

        var description: String {
            switch self {
            case .done: "succeeded"
            case .refused(let errno): "refused: \(String(cString: strerror(errno)))"
            case .killed(let signal): "ended by signal \(signal)"
            case .unknown(let status, let text): "status \(status), '\(text)'"
            }
        }
    }

    struct Outcome {
        var layers: UInt32
        var result: Result
        /// The kernel says that it ended the process for that.
        var ranOutOfMemory: Bool
    }

    /// Something of the host that must be out of reach.
    struct Target {
        let file: String
        private let listener: Int32
        let port: UInt16

        init() throws(FunctionError) {
            let path = "/tmp/skerry-other-tenant-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
            let descriptor = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o644)
            close(descriptor)
            let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = Self.loopback(port: 0)
            let bound = Self.withAddress(&address) { bind(server, $0, $1) }
            guard descriptor >= 0, bound == 0, listen(server, 1) == 0 else {
                throw FunctionError(.crashed, "no target for the probe: \(String(cString: strerror(errno)))")
            }
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            _ = Self.withAddress(&address) { pointer, _ in
                getsockname(server, UnsafeMutablePointer(mutating: pointer), &length)
            }
            file = path
            listener = server
            port = UInt16(bigEndian: address.sin_port)
        }

        func connect(_ descriptor: Int32) -> Bool {
            var address = Self.loopback(port: port)
            return Self.withAddress(&address) { Glibc.connect(descriptor, $0, $1) } == 0
        }

        func remove() {
            close(listener)
            unlink(file)
        }

        private static func loopback(port: UInt16) -> sockaddr_in {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            return address
        }

        private static func withAddress(
            _ address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
        ) -> Int32 {
            withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body(UnsafePointer($0), socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
    }

    /// The probe that was built beside the test program.
    static let path =
        PoolFixture.workerPath.dropLast("skerry-worker".count) + "sandbox-probe"

    /// Runs one attempt; the process has been reaped when this returns.
    static func run(_ attempt: String, isSealed: Bool) throws(FunctionError) -> Outcome {
        let target = try Target()
        defer { target.remove() }
        let arguments = [isSealed ? "sealed" : "open", attempt, target.file, "\(getpid())", "\(target.port)"]
        let launched = try WorkerLauncher(
            path: String(path), allowUnsealed: false, memoryLimitBytes: 64 << 20, arguments: arguments
        ).launch()
        let handle = WorkerHandle()
        handle.started(launched)
        let lines = readToEnd(launched.socket).split(separator: "\n")
        close(launched.socket)
        let status = handle.reap() ?? -1
        let layers = lines.first.flatMap { UInt32($0, radix: 16) } ?? 0
        return Outcome(
            layers: layers | launched.layers, result: result(of: lines.dropFirst().first, status: status),
            ranOutOfMemory: handle.ranOutOfMemory)
    }

    private static func result(of line: Substring?, status: Int32) -> Result {
        if line == "done" { return .done }
        if let line, line.hasPrefix("refused "), let errno = Int32(line.dropFirst("refused ".count)) {
            return .refused(errno: errno)
        }
        let signal = status & 0x7F
        // A reaper's own signal says nothing about the attempt.
        if line == nil, signal != 0, signal != SIGKILL { return .killed(signal: signal) }
        return .unknown(status: status, text: line.map(String.init) ?? "")
    }

    private static func readToEnd(_ socket: Int32) -> String {
        var text: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1024)
        while true {
            let count = read(socket, &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += part[..<count]
        }
    }
}
