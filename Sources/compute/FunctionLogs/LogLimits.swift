/// Bounds on the logs of functions. Every one has a test.
public struct LogLimits: Sendable {
    /// Length of a record's text and URL, in UTF-8. Default 16 KiB: a stack with long names fits. The rest is cut off.
    public var maxTextBytes = 16 << 10
    /// Bytes that one app may write between two turns of the writer. Default 128 KiB, about 3,000 requests a second;
    /// what is beyond is counted only.
    public var maxPendingBytes = 128 << 10
    /// Records of one app in memory. Default 1,000: what a live tail that looks every few seconds can miss.
    public var maxRecordsInMemory = 1_000
    /// Their bytes, as written. Default 512 KiB.
    public var maxBytesInMemory = 512 << 10
    /// Apps with records in memory. Default 1,024; the one that was silent for longest makes way.
    public var maxAppsInMemory = 1_024
    /// Size of a file before the next one begins. Default 1 MiB.
    public var maxFileBytes = 1 << 20
    /// All files of one app. Default 4 MiB; the oldest goes.
    public var maxAppBytes = 4 << 20
    /// All files of a node. Default 256 MiB; the oldest of all goes.
    public var maxTotalBytes = 256 << 20
    /// The writer's turn. Default 250 ms: a crash of the node loses less than a second.
    public var interval = Duration.milliseconds(250)

    public init() {}
}

extension LogLimits {
    /// The record with its texts cut to their limit.
    func bounded(_ record: FunctionLogRecord) -> FunctionLogRecord {
        var record = record
        record.text = LogLimits.shortened(record.text, maxTextBytes)
        record.url = record.url.map { LogLimits.shortened($0, maxTextBytes) }
        return record
    }

    /// At most `limit` bytes of a text, cut between characters, with a word on what is missing.
    private static func shortened(_ text: String, _ limit: Int) -> String {
        let count = text.utf8.count
        guard count > limit else { return text }
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: limit)
        while end > text.startIndex, String.Index(end, within: text.unicodeScalars) == nil {
            end = text.utf8.index(before: end)
        }
        return "\(text[..<end])… (\(count) bytes in all)"
    }
}
