import Bundling
import DevServer
import Foundation
import Functions
import Logging

/// Shows what happens while an app is developed.
struct DevPrinter: Sendable {
    let json: Bool
    private let colours = Terminal.hasColours

    init(json: Bool) { self.json = json }

    private struct Row: Encodable {
        var event: String
        var text: String?
        var url: String?
        var level: String?
        var request: String?
        var method: String?
        var status: Int?
        var code: String?
        var milliseconds: Double?
        var scriptBytes: Int?
        var warnings: [String]?
    }

    func showAddress(_ url: String) {
        if json { return show(Row(event: "listening", url: url)) }
        Terminal.print("serving \(url) – Ctrl-C ends it")
    }

    func show(_ event: DevEvent) {
        if json { return show(row(event)) }
        for line in lines(event) { Terminal.print(line) }
    }

    private func lines(_ event: DevEvent) -> [String] {
        switch event {
        case .loaded(let name, let scriptBytes, let fileCount, let time, let warnings):
            var parts: [String] = []
            if let scriptBytes { parts.append("script \(Human.bytes(scriptBytes))") }
            if fileCount > 0 { parts.append(fileCount == 1 ? "1 file" : "\(fileCount) files") }
            let loaded = "\(name) loaded in \(Human.seconds(time)): \(parts.joined(separator: ", "))"
            return warnings.map { colour(33, "warning: ") + $0.description } + [colour(32, "✓ ") + loaded]
        case .failed(let text): return [colour(31, "✗ ") + Terminal.safe(text)]
        case .line(let line):
            let level = line.level >= .error ? 31 : line.level == .warning ? 33 : 90
            let name = line.level >= .error ? "error" : line.level == .warning ? "warn " : "\(line.level)"
            let text = Terminal.safe(line.text).replacing("\n", with: "\n        ")
            return ["  " + colour(level, name.padding(toLength: 5, withPad: " ", startingAt: 0)) + " " + text]
        case .outcome(let outcome):
            let result = outcome.status.map(String.init) ?? outcome.error?.code.rawValue ?? "failed"
            let isGood = outcome.error == nil && outcome.status.map { $0 < 500 } ?? false
            let time = String(format: "%.1f ms", Double(outcome.wallNanoseconds) / 1e6)
            return ["\(outcome.method) \(Terminal.safe(path(outcome.url))) \(colour(isGood ? 32 : 31, result)) \(time)"]
        }
    }

    private func row(_ event: DevEvent) -> Row {
        switch event {
        case .loaded(let name, let scriptBytes, _, let time, let warnings):
            Row(
                event: "loaded", text: name, milliseconds: time / .milliseconds(1), scriptBytes: scriptBytes,
                warnings: warnings.map(\.description))
        case .failed(let text): Row(event: "failed", text: text)
        case .line(let line): Row(event: "line", text: line.text, level: "\(line.level)", request: line.requestID)
        case .outcome(let outcome):
            Row(
                event: "request", text: outcome.error?.message, url: outcome.url, request: outcome.requestID,
                method: outcome.method, status: outcome.status, code: outcome.error?.code.rawValue,
                milliseconds: Double(outcome.wallNanoseconds) / 1e6)
        }
    }

    private func show(_ row: Row) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(row) else { return }
        Terminal.print(String(decoding: data, as: UTF8.self))
    }

    /// Path and query of an absolute URL; the schedule of an event.
    private func path(_ url: String) -> String {
        if url.hasPrefix("cron:") { return String(url.dropFirst("cron:".count).prefix { $0 != "?" }) }
        guard let scheme = url.range(of: "://"), let slash = url[scheme.upperBound...].firstIndex(of: "/") else {
            return url
        }
        return String(url[slash...])
    }

    private func colour(_ code: Int, _ text: String) -> String {
        colours ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
