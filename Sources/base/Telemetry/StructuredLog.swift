import Foundation
public import Logging

#if canImport(Glibc)
    import Glibc
#endif

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
    private let descriptor: CInt

    /// - Parameter descriptor: Where lines go, standard error as a rule. What it does not take, as on a full disk, is lost.
    public init(label: String, format: Format, level: Logger.Level, descriptor: CInt = 2) {
        self.label = label
        self.format = format
        self.descriptor = descriptor
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
        // No file handle: one that cannot write ends the process.
        Array((line + "\n").utf8).withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
    }

    private func rendered(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) -> String {
        let time = StructuredLog.timestamp()
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

    /// The time in UTC with milliseconds (RFC 3339). Formatted by hand: a gateway writes a line for each request, and
    /// Foundation's formatter would cost more than the request.
    private static func timestamp() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        gmtime_r(&now.tv_sec, &parts)
        var text: [UInt8] = []
        text.reserveCapacity(24)
        func append(_ value: Int, digits: Int, then separator: Character) {
            var divisor = 1
            for _ in 1..<digits { divisor *= 10 }
            while divisor > 0 {
                text.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
                divisor /= 10
            }
            text.append(separator.asciiValue ?? 0)
        }
        append(Int(parts.tm_year) + 1_900, digits: 4, then: "-")
        append(Int(parts.tm_mon) + 1, digits: 2, then: "-")
        append(Int(parts.tm_mday), digits: 2, then: "T")
        append(Int(parts.tm_hour), digits: 2, then: ":")
        append(Int(parts.tm_min), digits: 2, then: ":")
        append(Int(parts.tm_sec), digits: 2, then: ".")
        append(now.tv_nsec / 1_000_000, digits: 3, then: "Z")
        return String(decoding: text, as: UTF8.self)
    }

    /// Outside text in a log line cannot begin a line of its own.
    private static func singleLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else { return text }
        return String(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? " " : Character($0) })
    }
}
