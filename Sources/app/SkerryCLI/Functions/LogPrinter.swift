import Foundation
import FunctionLogs

/// Shows records to people, in colours if they have a terminal, or to scripts.
struct LogPrinter: Sendable {
    /// The least loud level to show.
    let level: FunctionLogRecord.Level
    /// One JSON object a line.
    let isJSON: Bool
    let hasColours: Bool

    init(level: FunctionLogRecord.Level, json: Bool, hasColours: Bool = Terminal.hasColours) {
        self.level = level
        isJSON = json
        self.hasColours = hasColours
    }

    private struct Row: Encodable {
        var node: String
        var record: FunctionLogRecord

        private enum CodingKeys: String, CodingKey { case node }

        func encode(to encoder: any Encoder) throws {
            try record.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(node, forKey: .node)
        }
    }

    func show(_ group: LogGroups.Group) {
        for line in lines(of: group) { Terminal.print(line) }
    }

    /// A group as lines: how the request ended, and below it what it wrote.
    func lines(of group: LogGroups.Group) -> [String] {
        let loud = group.records.filter { $0.level >= level }
        if loud.isEmpty { return [] }
        if isJSON { return loud.compactMap { json(Row(node: group.node, record: $0)) } }
        var lines: [String] = []
        if let outcome = group.outcome { lines.append(heading(outcome, node: group.node)) }
        let isBelow = !lines.isEmpty
        for record in loud where record.kind != .outcome {
            let mark = colour(record.level, record.level.rawValue.padding(toLength: 7, withPad: " ", startingAt: 0))
            let indented = Terminal.safe(record.text).replacing("\n", with: "\n          ")
            if isBelow {
                lines.append("  \(mark) \(indented)")
            } else {
                lines.append("\(grey(time(record) + " " + group.node.prefix(8))) \(mark) \(indented)")
            }
        }
        return lines
    }

    private func heading(_ outcome: FunctionLogRecord, node: String) -> String {
        let place = grey("\(time(outcome)) \(node.prefix(8)) \(outcome.release)")
        let path = schedule(outcome) ?? outcome.url.map { LogPrinter.path($0) }
        let result = outcome.status.map(String.init) ?? outcome.code ?? "failed"
        let wall = outcome.wallMicroseconds.map { String(format: " %.1f ms", Double($0) / 1_000) } ?? ""
        let cpu = outcome.cpuMicroseconds.map { String(format: ", cpu %.1f ms", Double($0) / 1_000) } ?? ""
        let said = outcome.text.split(separator: "\n", maxSplits: 1).first ?? ""
        let text = said.isEmpty ? "" : " – \(Terminal.safe(String(said)))"
        let request = outcome.request.map { grey(" [\(Terminal.safe($0))]") } ?? ""
        let asked = Terminal.safe("\(outcome.method ?? "") \(path ?? "")")
        return "\(place) \(asked) \(colour(outcome.level, result))\(wall)\(cpu)\(text)\(request)"
    }

    /// A URL's path and query as the visitor sent them.
    private static func path(_ url: String) -> String {
        guard let scheme = url.range(of: "://") else { return url }
        let rest = url[scheme.upperBound...]
        guard let start = rest.firstIndex(where: { $0 == "/" || $0 == "?" }) else { return "/" }
        return rest[start] == "/" ? String(rest[start...]) : "/" + rest[start...]
    }

    /// The schedule of an event of the clock, as it was written; nil for a request.
    private func schedule(_ outcome: FunctionLogRecord) -> String? {
        guard let url = outcome.url, url.hasPrefix("cron:") else { return nil }
        let pattern = url.dropFirst("cron:".count)
        let end = pattern.range(of: "?time=", options: .backwards)?.lowerBound ?? pattern.endIndex
        return pattern[..<end].removingPercentEncoding ?? String(pattern[..<end])
    }

    private func json(_ row: Row) -> String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(row)).map { String(decoding: $0, as: UTF8.self) }
    }

    private func time(_ record: FunctionLogRecord) -> String { Human.clock(milliseconds: record.time) }

    private func grey(_ text: String) -> String { hasColours ? "\u{1B}[90m\(text)\u{1B}[0m" : text }

    private func colour(_ level: FunctionLogRecord.Level, _ text: String) -> String {
        guard hasColours else { return text }
        let code =
            switch level {
            case .debug: 90
            case .info: 32
            case .warning: 33
            case .error: 31
            }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}
