import Foundation

/// An OCI runtime of the host, and how it is spoken to.
struct RuntimeDriver: Sendable, Hashable {
    /// Runtimes whose command lines we know.
    enum Kind: String, Sendable, CaseIterable {
        case crun, runc
    }

    var kind: Kind
    /// Its file.
    var path: String
    /// Where it keeps what it knows of containers.
    var root: String

    /// Which runtimes can be used with the host's cgroups, the best first. crun starts faster; it refuses hosts on which
    /// both versions have controllers ("cgroups in hybrid mode not supported").
    static func order(cgroups: String) -> [Kind] {
        switch cgroups {
        case "v1", "v2": [.crun, .runc]
        case "hybrid": [.runc]
        default: []
        }
    }

    private var head: [String] {
        [path, "--root", root] + (kind == .crun ? ["--cgroup-manager", "cgroupfs"] : [])
    }

    /// Makes and starts the container of a bundle; the runtime ends when its program runs.
    func run(_ id: MachineID, bundle: String, pidFile: String, log: String) -> [String] {
        head + [
            "--log", log, "--log-format", "json", "run", "--detach", "--pid-file", pidFile, "--bundle", bundle,
            "\(id)",
        ]
    }

    /// Runs the command that `process` describes in a container; its process id goes to `pidFile`.
    func exec(_ id: MachineID, process: String, pidFile: String) -> [String] {
        head + ["exec", "--pid-file", pidFile, "--process", process, "\(id)"]
    }

    /// Ends what is left of a container and forgets it; also when there is none.
    func remove(_ id: MachineID) async throws(MachineError) {
        let result = try await Tool.run(head + ["delete", "--force", "\(id)"])
        guard result.isSuccess || Self.saysMissing(result.output) else {
            throw MachineError(
                .runtimeFailed, "\(kind.rawValue) cannot remove machine \(id): \(Self.firstLine(result.output))")
        }
    }

    /// Containers that the runtime knows.
    func list() -> [MachineID] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return names.compactMap { MachineID($0) }.sorted()
    }

    private static func saysMissing(_ text: String) -> Bool {
        text.contains("does not exist") || text.contains("No such file or directory")
    }

    private static func firstLine(_ text: String) -> String {
        text.split(separator: "\n").first.map { String($0.prefix(400)) } ?? "it said nothing"
    }

    // MARK: Its errors

    private struct LogLine: Decodable {
        var level: String?
        var msg: String
    }

    /// What the runtime's log says went wrong, with a code of ours.
    static func failure(log: String, command: String) -> MachineError {
        let lines = log.split(separator: "\n").compactMap { line -> String? in
            guard let entry = try? JSONDecoder().decode(LogLine.self, from: Data(line.utf8)) else { return nil }
            return entry.level == nil || entry.level == "error" || entry.level == "fatal" ? entry.msg : nil
        }
        guard let text = lines.last.map({ String($0.prefix(600)) }) else {
            return MachineError(.runtimeFailed, "the runtime could not start it and said nothing")
        }
        return MachineError(code(of: text), advice(code(of: text), text, command))
    }

    private static func code(of text: String) -> MachineError.Code {
        let text = text.lowercased()
        func has(_ words: String...) -> Bool { words.contains { text.contains($0) } }
        if has("no space left") { return .diskFailed }
        if has("oom-killed", "cannot allocate memory", "out of memory") { return .outOfMemory }
        if has("chdir", "cwd") && has("no such file", "not a directory", "permission denied") { return .missingFile }
        if has("mount") && has("no such file", "not a directory") { return .missingFile }
        if has("executable file", "exec:", "open executable", "exec `", "find executable") {
            if has("not found", "no such file") { return .commandNotFound }
            if has("permission denied", "exec format", "is a directory") { return .commandNotExecutable }
        }
        return .runtimeFailed
    }

    private static func advice(_ code: MachineError.Code, _ text: String, _ command: String) -> String {
        switch code {
        case .commandNotFound:
            "the image has no command \(command); give one that it has, with its whole path (\(text))"
        case .commandNotExecutable:
            "\(command) may not be run, or is for another processor; look at its mode and its build (\(text))"
        case .outOfMemory: "its memory is too little to start in; take a larger size class (\(text))"
        case .missingFile: "a folder that it needs is not there (\(text))"
        default: text
        }
    }
}
