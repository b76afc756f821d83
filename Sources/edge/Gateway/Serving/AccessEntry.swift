#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One answered request, for the log. Text of clients is in it: nothing of that can begin a line or end a string.
struct AccessEntry {
    var method: String
    var host: String
    /// Without the query, which may hold what is nobody's business.
    var path: String
    var status: Int
    var bytes: Int
    /// Microseconds from the request's head to its answer.
    var micros: Int
    var kind: String
    var remote: String
    var error: String?
    /// The id by which other logs know the request.
    var request: String?
    /// What the cache did; nil where there is none.
    var cache: String?
    /// The connection broke before the body's end.
    var isBroken = false

    /// The line with its end.
    func line(_ format: AccessLog.Format) -> [UInt8] {
        var line = LogLine(format, "request", capacity: 256 + path.utf8.count + host.utf8.count)
        line.add("method", method)
        line.add("host", host)
        line.add("path", path)
        line.add("status", status)
        line.add("bytes", bytes)
        line.add("micros", micros)
        line.add("kind", kind)
        line.add("remote", remote)
        if let error { line.add("error", error) }
        if let request { line.add("request", request) }
        if let cache { line.add("cache", cache) }
        if isBroken { line.add("broken", "true") }
        return line.finished()
    }

    /// The line that stands for lines that are missing.
    static func gap(_ count: Int, _ format: AccessLog.Format) -> [UInt8] {
        var line = LogLine(format, "requests were left out of this log: too many came at once", capacity: 160)
        line.add("count", count)
        return line.finished()
    }
}

/// A line of the log in the form that the node's other lines have.
private struct LogLine {
    private static let digits = Array("0123456789abcdef".utf8)

    private let isJSON: Bool
    private var bytes: [UInt8] = []

    init(_ format: AccessLog.Format, _ message: StaticString, capacity: Int) {
        isJSON = format == .json
        bytes.reserveCapacity(capacity)
        if isJSON {
            bytes += "{\"time\":\"".utf8
            appendTime()
            bytes += "\",\"level\":\"info\",\"label\":\"gateway\",\"message\":\"".utf8
            message.withUTF8Buffer { bytes += $0 }
            bytes.append(UInt8(ascii: "\""))
        } else {
            appendTime()
            bytes += " info gateway: ".utf8
            message.withUTF8Buffer { bytes += $0 }
        }
    }

    mutating func add(_ key: StaticString, _ value: String) {
        begin(key)
        guard isJSON else { return appendText(value) }
        bytes.append(UInt8(ascii: "\""))
        appendQuoted(value)
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func add(_ key: StaticString, _ value: Int) {
        begin(key)
        append(value)
    }

    func finished() -> [UInt8] { isJSON ? bytes + [UInt8(ascii: "}"), 0x0A] : bytes + [0x0A] }

    private mutating func begin(_ key: StaticString) {
        if isJSON { bytes += ",\"".utf8 } else { bytes.append(UInt8(ascii: " ")) }
        key.withUTF8Buffer { bytes += $0 }
        if isJSON { bytes += "\":".utf8 } else { bytes.append(UInt8(ascii: "=")) }
    }

    /// Control characters become spaces.
    private mutating func appendText(_ text: String) {
        for byte in text.utf8 { bytes.append(byte < 0x20 || byte == 0x7f ? UInt8(ascii: " ") : byte) }
    }

    /// As in a string of JSON (RFC 8259 section 7).
    private mutating func appendQuoted(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20, 0x7f:
                bytes += "\\u00".utf8
                bytes += [LogLine.digits[Int(byte >> 4)], LogLine.digits[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
    }

    private mutating func append(_ number: Int, digits: Int = 1) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = number.magnitude
        let start = bytes.count
        var count = 0
        while rest > 0 || count < digits {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
            count += 1
        }
        bytes[start...].reverse()
    }

    /// The time in UTC with milliseconds (RFC 3339).
    private mutating func appendTime() {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        gmtime_r(&now.tv_sec, &parts)
        append(Int(parts.tm_year) + 1_900, digits: 4)
        bytes.append(UInt8(ascii: "-"))
        append(Int(parts.tm_mon) + 1, digits: 2)
        bytes.append(UInt8(ascii: "-"))
        append(Int(parts.tm_mday), digits: 2)
        bytes.append(UInt8(ascii: "T"))
        append(Int(parts.tm_hour), digits: 2)
        bytes.append(UInt8(ascii: ":"))
        append(Int(parts.tm_min), digits: 2)
        bytes.append(UInt8(ascii: ":"))
        append(Int(parts.tm_sec), digits: 2)
        bytes.append(UInt8(ascii: "."))
        append(now.tv_nsec / 1_000_000, digits: 3)
        bytes.append(UInt8(ascii: "Z"))
    }
}
