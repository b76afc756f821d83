import Foundation

/// Reads what `esbuild` says.
enum EsbuildMessages {
    private static let builtins: Set<String> = [
        "assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants", "crypto", "dgram",
        "diagnostics_channel", "dns", "domain", "events", "fs", "fs/promises", "http", "http2", "https", "inspector",
        "module", "net", "os", "path", "perf_hooks", "process", "punycode", "querystring", "readline", "repl", "stream",
        "string_decoder", "timers", "tls", "trace_events", "tty", "url", "util", "v8", "vm", "wasi", "worker_threads",
        "zlib",
    ]

    /// The errors of a failed run; never empty.
    static func problems(_ text: String, entry: String) -> [Diagnostic] {
        let found = messages(text, mark: "[ERROR]")
        if !found.isEmpty { return found }
        let said = text.trimmingCharacters(in: .whitespacesAndNewlines).prefix(2_000)
        return [
            Diagnostic(
                file: entry, line: 0, column: 0,
                message: said.isEmpty ? "esbuild ended without saying why, or took too long" : "esbuild: \(said)")
        ]
    }

    static func warnings(_ text: String) -> [Diagnostic] { messages(text, mark: "[WARNING]") }

    /// A message is a line with a mark, then `    file:line:column:` with the column from 0.
    private static func messages(_ text: String, mark: String) -> [Diagnostic] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var result: [Diagnostic] = []
        for (index, line) in lines.enumerated() {
            guard let start = line.range(of: mark + " ") else { continue }
            let message = advised(String(line[start.upperBound...]))
            var found = Diagnostic(file: "", line: 0, column: 0, message: message)
            for next in lines[(index + 1)...].prefix(3) {
                let place = next.trimmingCharacters(in: .whitespaces)
                guard place.hasSuffix(":") else { continue }
                let parts = place.dropLast().split(separator: ":")
                guard parts.count >= 3, let number = Int(parts[parts.count - 2]),
                    let column = Int(parts[parts.count - 1])
                else { continue }
                found.file = parts.dropLast(2).joined(separator: ":")
                found.line = number
                found.column = column + 1
                break
            }
            result.append(found)
        }
        return result
    }

    private static func advised(_ message: String) -> String {
        guard message.hasPrefix("Could not resolve \""), let name = message.split(separator: "\"").dropFirst().first
        else { return message }
        let plain = name.hasPrefix("node:") ? String(name.dropFirst(5)) : String(name)
        if name.hasPrefix("node:") || builtins.contains(plain) {
            return "\"\(name)\" is a part of Node.js, which functions do not run in; use the web APIs "
                + "(docs/functions.md), or a package that needs no Node.js"
        }
        if name.hasPrefix(".") || name.hasPrefix("/") {
            return "\"\(name)\" leads to no file; check the path and its spelling"
        }
        // To npm a name with a slash is a repository of strangers.
        let parts = name.split(separator: "/").prefix(name.hasPrefix("@") ? 2 : 1)
        let package = parts.joined(separator: "/")
        return "\"\(name)\" is not installed; run npm install \(package), or check the spelling"
    }

    /// The files that a bundle was made from, from the metafile; nil if that is unreadable.
    static func inputs(_ metafile: Data?) -> [String]? {
        guard let metafile, let object = (try? JSONSerialization.jsonObject(with: metafile)) as? [String: Any],
            let inputs = object["inputs"] as? [String: Any]
        else { return nil }
        return inputs.keys.sorted()
    }
}
