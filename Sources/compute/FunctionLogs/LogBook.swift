import Foundation

/// The logs of all apps in memory: what is to be written, and what a live tail may still ask for. A core: no files, no
/// clock.
struct LogBook {
    /// One app's records.
    struct Shelf {
        var lastSequence: UInt64
        var recent: [(record: FunctionLogRecord, byteCount: Int)] = []
        var recentBytes = 0
        var pending: [UInt8] = []
        var dropped = 0
        var lastRelease = ""
        var lastTime: Int64 = 0
    }

    let limits: LogLimits
    private(set) var shelves: [String: Shelf] = [:]

    init(limits: LogLimits) { self.limits = limits }

    /// Whether the app's last sequence is known, so that records can be added.
    func knows(_ app: String) -> Bool { shelves[app] != nil }

    /// Begins an app's shelf behind what its files hold.
    mutating func open(_ app: String, after sequence: UInt64) {
        guard shelves[app] == nil else { return }
        if shelves.count >= limits.maxAppsInMemory { forgetQuietest() }
        shelves[app] = Shelf(lastSequence: sequence)
    }

    /// Adds a record that ``LogLimits/bounded(_:)`` has shortened; one that comes too fast is only counted.
    ///
    /// - Returns: Whether it was kept.
    @discardableResult
    mutating func add(_ record: FunctionLogRecord, to app: String) -> Bool {
        guard var shelf = shelves.removeValue(forKey: app) else { return false }
        defer { shelves[app] = shelf }
        shelf.lastRelease = record.release
        shelf.lastTime = record.time
        guard shelf.pending.count < limits.maxPendingBytes else {
            shelf.dropped += 1
            return false
        }
        append(record, to: &shelf)
        return true
    }

    private func append(_ record: FunctionLogRecord, to shelf: inout Shelf) {
        var record = record
        shelf.lastSequence += 1
        record.sequence = shelf.lastSequence
        let line = LogBook.line(record)
        shelf.pending += line
        shelf.recent.append((record, line.count))
        shelf.recentBytes += line.count
        trim(&shelf)
    }

    /// Makes room in steps of a fifth, so that a record costs the same however many there are.
    private func trim(_ shelf: inout Shelf) {
        guard shelf.recent.count > limits.maxRecordsInMemory || shelf.recentBytes > limits.maxBytesInMemory else {
            return
        }
        var surplus = 0
        while surplus < shelf.recent.count,
            shelf.recent.count - surplus > limits.maxRecordsInMemory * 4 / 5
                || shelf.recentBytes > limits.maxBytesInMemory * 4 / 5
        {
            shelf.recentBytes -= shelf.recent[surplus].byteCount
            surplus += 1
        }
        shelf.recent.removeFirst(surplus)
    }

    /// What has to be written, by app; the shelves have nothing to write afterwards.
    mutating func takePending() -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        for (app, known) in shelves where !known.pending.isEmpty || known.dropped > 0 {
            var shelf = known
            if shelf.dropped > 0 {
                let count = shelf.dropped
                shelf.dropped = 0
                append(
                    FunctionLogRecord(
                        time: shelf.lastTime, kind: .gap, level: .warning, release: shelf.lastRelease,
                        text: "\(count) \(count == 1 ? "record was" : "records were") left out: too many came at once"),
                    to: &shelf)
            }
            result[app] = shelf.pending
            shelf.pending = []
            shelves[app] = shelf
        }
        return result
    }

    /// The records in memory behind a sequence, oldest first, and whether memory reaches back that far.
    func recent(_ app: String, after sequence: UInt64) -> (records: [FunctionLogRecord], isComplete: Bool) {
        guard let shelf = shelves[app] else { return ([], false) }
        let first = shelf.recent.first?.record.sequence ?? shelf.lastSequence + 1
        return (shelf.recent.map(\.record).filter { $0.sequence > sequence }, first <= sequence + 1)
    }

    private mutating func forgetQuietest() {
        let quiet = shelves.filter { $0.value.pending.isEmpty && $0.value.dropped == 0 }
        guard let oldest = quiet.min(by: { $0.value.lastTime < $1.value.lastTime }) else { return }
        shelves[oldest.key] = nil
    }

    // MARK: Lines

    /// A record as a line of JSON with its end. By hand, since every request of every function writes one.
    static func line(_ record: FunctionLogRecord) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(record.text.utf8.count + 256)
        func number(_ name: StaticString, _ value: some BinaryInteger) {
            key(name)
            line += String(value).utf8
        }
        func text(_ name: StaticString, _ value: String?) {
            guard let value else { return }
            key(name)
            quote(value, &line)
        }
        func key(_ name: StaticString) {
            line.append(line.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
            line.append(UInt8(ascii: "\""))
            name.withUTF8Buffer { line += $0 }
            line += [UInt8(ascii: "\""), UInt8(ascii: ":")]
        }
        number("sequence", record.sequence)
        number("time", record.time)
        text("kind", record.kind.rawValue)
        text("level", record.level.rawValue)
        text("release", record.release)
        text("request", record.request)
        text("text", record.text)
        text("method", record.method)
        text("url", record.url)
        if let status = record.status { number("status", status) }
        text("code", record.code)
        if let wall = record.wallMicroseconds { number("wallMicroseconds", wall) }
        if let cpu = record.cpuMicroseconds { number("cpuMicroseconds", cpu) }
        line += [UInt8(ascii: "}"), 0x0A]
        return line
    }

    private static let digits = Array("0123456789abcdef".utf8)

    /// A text of JSON (RFC 8259 section 7).
    private static func quote(_ text: String, _ line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): line += [UInt8(ascii: "\\"), byte]
            case 0x0A: line += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
            case 0..<0x20:
                line += "\\u00".utf8
                line += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: line.append(byte)
            }
        }
        line.append(UInt8(ascii: "\""))
    }

    /// The records of a file; what is torn or damaged is left out.
    static func records(_ bytes: Data) -> [FunctionLogRecord] {
        let decoder = JSONDecoder()
        return bytes.split(separator: 0x0A).compactMap { try? decoder.decode(FunctionLogRecord.self, from: $0) }
    }
}
