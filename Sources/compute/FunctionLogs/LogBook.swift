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

        /// Adds a record, or counts it only. Methods of the shelf, not of the book: a copy of the book, which they would be
        /// called on, would make each change copy all records.
        mutating func add(_ record: FunctionLogRecord, _ limits: LogLimits) -> Bool {
            lastRelease = record.release
            lastTime = record.time
            guard pending.count < limits.maxPendingBytes else {
                dropped += 1
                return false
            }
            append(record, limits)
            return true
        }

        mutating func append(_ record: FunctionLogRecord, _ limits: LogLimits) {
            var record = record
            lastSequence += 1
            record.sequence = lastSequence
            let start = pending.count
            LogBook.write(record, to: &pending)
            let byteCount = pending.count - start
            recent.append((record, byteCount))
            recentBytes += byteCount
            trim(limits)
        }

        /// Makes room in steps of a fifth, so that a record costs the same however many there are.
        private mutating func trim(_ limits: LogLimits) {
            guard recent.count > limits.maxRecordsInMemory || recentBytes > limits.maxBytesInMemory else { return }
            var surplus = 0
            while surplus < recent.count,
                recent.count - surplus > limits.maxRecordsInMemory * 4 / 5
                    || recentBytes > limits.maxBytesInMemory * 4 / 5
            {
                recentBytes -= recent[surplus].byteCount
                surplus += 1
            }
            recent.removeFirst(surplus)
        }
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
        guard let place = shelves.index(forKey: app) else { return false }
        return shelves.values[place].add(record, limits)
    }

    /// What has to be written, by app; the shelves have nothing to write afterwards.
    mutating func takePending() -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        for (app, known) in shelves where !known.pending.isEmpty || known.dropped > 0 {
            var shelf = known
            if shelf.dropped > 0 {
                let count = shelf.dropped
                shelf.dropped = 0
                shelf.append(
                    FunctionLogRecord(
                        time: shelf.lastTime, kind: .gap, level: .warning, release: shelf.lastRelease,
                        text: "\(count) \(count == 1 ? "record was" : "records were") left out: too many came at once"),
                    limits)
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

    /// Adds a record as a line of JSON with its end. By hand, since every request of every function writes one.
    static func write(_ record: FunctionLogRecord, to lines: inout [UInt8]) {
        append("{\"sequence\":", record.sequence, to: &lines)
        append(",\"time\":", record.time, to: &lines)
        append(",\"kind\":", record.kind.rawValue, to: &lines)
        append(",\"level\":", record.level.rawValue, to: &lines)
        append(",\"release\":", record.release, to: &lines)
        append(",\"request\":", record.request, to: &lines)
        append(",\"text\":", record.text, to: &lines)
        append(",\"method\":", record.method, to: &lines)
        append(",\"url\":", record.url, to: &lines)
        append(",\"status\":", record.status, to: &lines)
        append(",\"code\":", record.code, to: &lines)
        append(",\"wallMicroseconds\":", record.wallMicroseconds, to: &lines)
        append(",\"cpuMicroseconds\":", record.cpuMicroseconds, to: &lines)
        append("}\n", to: &lines)
    }

    private static func append(_ text: StaticString, to lines: inout [UInt8]) {
        text.withUTF8Buffer { lines.append(contentsOf: $0) }
    }

    private static func append(_ key: StaticString, _ number: (some FixedWidthInteger)?, to lines: inout [UInt8]) {
        guard let number else { return }
        append(key, to: &lines)
        if number < 0 { lines.append(UInt8(ascii: "-")) }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var rest = UInt64(number.magnitude)
            var start = digits.count
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
            lines.append(contentsOf: UnsafeMutableBufferPointer(rebasing: digits[start...]))
        }
    }

    private static func append(_ key: StaticString, _ text: String?, to lines: inout [UInt8]) {
        guard var text else { return }
        append(key, to: &lines)
        text.withUTF8 { quote($0, to: &lines) }
    }

    private static let digits = Array("0123456789abcdef".utf8)

    /// A text of JSON (RFC 8259 section 7).
    private static func quote(_ text: UnsafeBufferPointer<UInt8>, to lines: inout [UInt8]) {
        let (quote, backslash) = (UInt8(ascii: "\""), UInt8(ascii: "\\"))
        lines.append(quote)
        if text.allSatisfy({ $0 >= 0x20 && $0 != quote && $0 != backslash }) {
            lines.append(contentsOf: text)
        } else {
            for byte in text {
                switch byte {
                case quote, backslash: lines += [backslash, byte]
                case 0x0A: lines += [backslash, UInt8(ascii: "n")]
                case 0..<0x20:
                    lines += "\\u00".utf8
                    lines += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
                default: lines.append(byte)
                }
            }
        }
        lines.append(quote)
    }

    /// The records of a file; what is torn or damaged is left out.
    static func records(_ bytes: Data) -> [FunctionLogRecord] {
        let decoder = JSONDecoder()
        return bytes.split(separator: 0x0A).compactMap { try? decoder.decode(FunctionLogRecord.self, from: $0) }
    }
}
