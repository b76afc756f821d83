import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// The bundler `esbuild`, as a program.
public struct Esbuild: Sendable {
    /// What a run left.
    struct Output: Sendable {
        var status: Int32
        var output: String
        var errors: String
        var metafile: Data?
        /// Where the output was, from which the map's paths go.
        var folder = ""
    }

    /// The longest that a run may take.
    private static let timeout = Duration.seconds(60)
    /// The largest output that is read, in bytes: a script at its limit with its map.
    private static let maxOutputBytes = 64 << 20

    /// The program's path.
    public let path: String

    public init(path: String) { self.path = path }

    /// The first `esbuild` on PATH; nil if there is none.
    public static func onPath() -> Esbuild? {
        for folder in (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":") {
            let path = "\(folder)/esbuild"
            if FileManager.default.isExecutableFile(atPath: path) { return Esbuild(path: path) }
        }
        return nil
    }

    private static let versions = Mutex<[String: String]>([:])

    /// Its name and version, such as `esbuild 0.17.0`.
    public var version: String {
        get async {
            if let known = Esbuild.versions.withLock({ $0[path] }) { return known }
            let number = (try? await execute(["--version"], in: "/"))?.output
            let name = "esbuild " + (number ?? "").trimmingCharacters(in: .whitespacesAndNewlines).prefix(32)
            Esbuild.versions.withLock { $0[path] = name }
            return name
        }
    }

    /// Runs the bundler; when this returns or throws, its process has ended.
    func run(_ arguments: [String], in folder: String) async throws -> Output {
        // The tool writes no metafile for what goes to standard output.
        let temporary = Esbuild.temporary("bundle")
        do {
            try FileManager.default.createDirectory(
                atPath: temporary, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw BundleError("cannot write to \(temporary); set TMPDIR to a folder with room") }
        defer { try? FileManager.default.removeItem(atPath: temporary) }
        let (script, metafile) = (temporary + "/out.js", temporary + "/meta.json")
        var output = try await execute(arguments + ["--outfile=\(script)", "--metafile=\(metafile)"], in: folder)
        output.folder = temporary
        output.output = output.status == 0 ? try Esbuild.read(script) : ""
        output.metafile = FileManager.default.contents(atPath: metafile)
        return output
    }

    private func execute(_ arguments: [String], in folder: String) async throws -> Output {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        let files = [Esbuild.temporary("out"), Esbuild.temporary("err")]
        defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
        for file in files {
            guard FileManager.default.createFile(atPath: file, contents: nil, attributes: [.posixPermissions: 0o600])
            else { throw BundleError("cannot write to \(file); set TMPDIR to a folder with room") }
        }
        process.standardInput = FileHandle.nullDevice
        let outputs = files.map { FileHandle(forWritingAtPath: $0) }
        // A process keeps its handles open for ever.
        defer { for output in outputs { try? output?.close() } }
        process.standardOutput = outputs[0]
        process.standardError = outputs[1]
        let running = RunningProcess()
        let deadline = Task {
            try await Task.sleep(for: Esbuild.timeout)
            running.end()
        }
        defer { deadline.cancel() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                process.terminationHandler = { _ in
                    running.set(nil)
                    continuation.resume()
                }
                do {
                    try process.run()
                    running.set(process.isRunning ? process.processIdentifier : nil)
                } catch {
                    continuation.resume(throwing: BundleError("\(path) does not start: \(error.localizedDescription)"))
                }
            }
        } onCancel: {
            running.end()
        }
        try Task.checkCancellation()
        return Output(
            status: process.terminationReason == .exit ? process.terminationStatus : 1,
            output: try Esbuild.read(files[0]), errors: try Esbuild.read(files[1]))
    }

    private static func read(_ path: String) throws -> String {
        let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
        guard size <= maxOutputBytes else {
            throw BundleError("esbuild wrote \(size) bytes; the limit is \(maxOutputBytes)")
        }
        return String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    private static func temporary(_ ending: String) -> String {
        FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path + "/skerry-\(UUID().uuidString).\(ending)"
    }
}

/// A process that may have to be ended from another thread.
private final class RunningProcess: Sendable {
    private let pid = Mutex<Int32?>(nil)

    func set(_ pid: Int32?) { self.pid.withLock { $0 = pid } }

    func end() {
        pid.withLock { if let pid = $0 { kill(pid, SIGKILL) } }
    }
}
