public import Foundation
import Functions

/// Rewrites the places in stack traces from the script to the sources.
public struct StackMapper: Sendable {
    /// What the worker calls every script.
    private static let scriptName = "worker.js"
    /// A call inside the runtime's own scripts.
    private static let runtimeMark = "@skerry:"
    /// Texts longer than this are left as they are.
    private static let maxBytes = 256 << 10

    private let sourceName: String
    private let map: SourceMap?

    /// - Parameters:
    ///   - sourceName: What the script is called where it has no map: its lines are those of this file.
    ///   - sourceMap: The script's map in JSON; one that cannot be read counts as none.
    public init(sourceName: String, sourceMap: Data?) {
        self.sourceName = sourceName
        map = sourceMap.flatMap { try? SourceMap($0) }
    }

    /// Replaces each `worker.js:line:column` (and the entry's own name in its place) by the place in the sources, and
    /// leaves out calls inside the runtime itself.
    public func rewrite(_ text: String) -> String {
        guard text.utf8.count <= StackMapper.maxBytes else { return text }
        guard text.contains(StackMapper.runtimeMark) else { return replaced(text) }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return replaced(lines.filter { !$0.contains(StackMapper.runtimeMark) }.joined(separator: "\n"))
    }

    private func replaced(_ text: String) -> String {
        let names = Set([StackMapper.scriptName, sourceName]).filter { !$0.isEmpty }.map { $0 + ":" }
        var result = ""
        var rest = text[...]
        while let found = names.compactMap({ rest.range(of: $0) }).min(by: { $0.lowerBound < $1.lowerBound }) {
            let isWhole =
                rest[..<found.lowerBound].last.map { !($0.isLetter || $0.isNumber || "/-_.".contains($0)) } ?? true
            let numbers = rest[found.upperBound...].prefix { $0.isASCII && ($0.isNumber || $0 == ":") }
            let parts = numbers.split(separator: ":")
            guard isWhole, let first = parts.first, numbers.first != ":", let line = Int(first) else {
                result += rest[..<found.upperBound]
                rest = rest[found.upperBound...]
                continue
            }
            let column = parts.dropFirst().first.flatMap { Int($0) }
            result += rest[..<found.lowerBound] + place(line, column)
            // What follows the numbers, such as the colon of `name:1:2: message`, stays.
            let used = column == nil ? first.endIndex : parts[1].endIndex
            rest = rest[used...]
        }
        return result + rest
    }

    private func place(_ line: Int, _ column: Int?) -> String {
        if let place = map?.original(line: line, column: column ?? 1) {
            return "\(place.source):\(place.line)" + (column == nil ? "" : ":\(place.column)")
        }
        // Beside a map, the entry's own name would point to lines that it does not have.
        guard map == nil else { return "\(StackMapper.scriptName):\(line)" + (column.map { ":\($0)" } ?? "") }
        let shift = line == 1 ? ModuleScript.firstLineShift : 0
        return "\(sourceName):\(line)" + (column.map { ":\(max(1, $0 - shift))" } ?? "")
    }
}
