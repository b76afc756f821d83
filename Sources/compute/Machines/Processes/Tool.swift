import Glibc

/// Runs a program of the host to its end.
enum Tool {
    /// What a program said and how it ended.
    struct Result: Sendable {
        var exit: MachineExit
        var output: String
        var isSuccess: Bool { exit.code == 0 }
    }

    /// More output than this is dropped, in bytes.
    static let maxOutputBytes = 64 << 10

    /// The file of a program, from `PATH` and the folders for administrators' programs.
    static func find(_ name: String, path: String? = nil) -> String? {
        if name.contains("/") { return access(name, X_OK) == 0 ? name : nil }
        let folders = path ?? (getenv("PATH").map { String(cString: $0) + ":" } ?? "") + "/usr/sbin:/usr/bin:/sbin:/bin"
        return folders.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    /// Runs `arguments` with `input`, at most `timeout`; both outputs come back as one text.
    static func run(
        _ arguments: [String], input: String = "", timeout: Duration = .seconds(20)
    ) async throws(MachineError) -> Result {
        guard let (output, writing) = Descriptor.pipe(), let text = Descriptor.file(holding: input) else {
            throw MachineError(.hostUnable, "no files are left to run \(arguments[0]); raise LimitNOFILE")
        }
        output.makeNonBlocking()
        let process = try ChildProcess(arguments, descriptors: [text, writing, writing])
        let reader = Task { () -> (MachineExit?, [UInt8]) in
            var bytes: [UInt8] = []
            while !Task.isCancelled {
                let isOver = process.poll() != nil
                guard let part = output.read(atMost: 16 << 10) else { break }
                bytes += part.prefix(max(0, maxOutputBytes - bytes.count))
                guard part.isEmpty else { continue }
                if isOver { break }
                await Readiness.wait(reading: [output, process.ending])
            }
            return (await process.wait(), bytes)
        }
        let alarm = Task {
            try await Task.sleep(for: timeout)
            process.send(SIGKILL)
        }
        let (exit, bytes) = await withTaskCancellationHandler {
            await reader.value
        } onCancel: {
            reader.cancel()
        }
        alarm.cancel()
        guard let exit, exit.signal != SIGKILL else {
            process.send(SIGKILL)
            throw MachineError(.timedOut, "\(arguments.prefix(3).joined(separator: " ")) did not end in time")
        }
        return Result(exit: exit, output: String(decoding: bytes, as: UTF8.self))
    }
}
