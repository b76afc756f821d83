import Foundation
public import Logging

/// Writes log lines to standard error: text for people, one JSON object a line on request.
public struct StructuredLog: LogHandler {
    /// How a line looks.
    public enum Format: String, Sendable, CaseIterable {
        /// `2026-01-31T12:00:00.000Z info gateway: message key=value`
        case text
        /// `{"time": …, "level": …, "label": …, "message": …, "key": "value"}`
        case json
    }

    public var logLevel = Logger.Level.info
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let format: Format

    public init(label: String, format: Format, level: Logger.Level) {
        self.label = label
        self.format = format
        logLevel = level
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var merged = metadata
        if let provided = metadataProvider?.get() { merged.merge(provided) { _, new in new } }
        if let explicit = event.metadata { merged.merge(explicit) { _, new in new } }
        let line = rendered(event.level, event.message.description, merged)
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }

    private func rendered(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) -> String {
        let time = Date().formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true))
        let pairs = metadata.sorted { $0.key < $1.key }
        switch format {
        case .text:
            let tail = pairs.map { " \($0.key)=\(StructuredLog.singleLine($0.value.description))" }.joined()
            return "\(time) \(level) \(label): \(StructuredLog.singleLine(message))\(tail)"
        case .json:
            var fields = ["time": time, "level": "\(level)", "label": label, "message": message]
            for (key, value) in pairs where fields[key] == nil { fields[key] = value.description }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return (try? String(decoding: encoder.encode(fields), as: UTF8.self)) ?? "{}"
        }
    }

    /// Outside text in a log line cannot begin a line of its own.
    private static func singleLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else { return text }
        return String(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? " " : Character($0) })
    }
}
