#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Lines of the log in the form that the node's other lines have.
struct LogLines {
    private static let digits = Array("0123456789abcdef".utf8)

    private let isJSON: Bool
    /// Whole lines, and the one that has begun.
    private(set) var bytes: [UInt8] = []
    /// The text of ``second``, without its fraction.
    private var date: [UInt8] = []
    private var second = -1

    init(_ format: AccessLog.Format) { isJSON = format == .json }

    /// Forgets the bytes behind the first `count`.
    mutating func cut(to count: Int) { bytes.removeSubrange(count...) }

    /// All bytes, which are gone then.
    mutating func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    mutating func begin(_ message: StaticString) {
        if isJSON {
            append("{\"time\":\"")
            appendTime()
            append("\",\"level\":\"info\",\"label\":\"gateway\",\"message\":\"")
            append(message)
            append("\"")
        } else {
            appendTime()
            append(" info gateway: ")
            append(message)
        }
    }

    mutating func add(_ key: StaticString, _ value: String) {
        begin(key: key)
        if isJSON {
            append("\"")
            appendQuoted(value)
            append("\"")
        } else {
            appendText(value)
        }
    }

    mutating func add(_ key: StaticString, _ value: Int) {
        begin(key: key)
        append(value)
    }

    mutating func end() { append(isJSON ? "}\n" : "\n") }

    private mutating func begin(key: StaticString) {
        append(isJSON ? ",\"" : " ")
        append(key)
        append(isJSON ? "\":" : "=")
    }

    private mutating func append(_ text: StaticString) { text.withUTF8Buffer { bytes.append(contentsOf: $0) } }

    /// Control characters become spaces.
    private mutating func appendText(_ text: String) {
        var text = text
        text.withUTF8 { text in
            guard text.contains(where: { $0 < 0x20 || $0 == 0x7f }) else { return bytes.append(contentsOf: text) }
            for byte in text { bytes.append(byte < 0x20 || byte == 0x7f ? UInt8(ascii: " ") : byte) }
        }
    }

    /// As in a string of JSON (RFC 8259 section 7).
    private mutating func appendQuoted(_ text: String) {
        var text = text
        text.withUTF8 { text in
            let isPlain = text.allSatisfy {
                $0 >= 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
            }
            guard !isPlain else { return bytes.append(contentsOf: text) }
            for byte in text {
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
                case 0..<0x20, 0x7f:
                    append("\\u00")
                    bytes += [LogLines.digits[Int(byte >> 4)], LogLines.digits[Int(byte & 15)]]
                default: bytes.append(byte)
                }
            }
        }
    }

    /// - Parameter digits: At least so many, up to 20.
    private mutating func append(_ number: Int, digits: Int = 1) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { text in
            var rest = number.magnitude
            var start = text.count
            while rest > 0 || text.count - start < digits {
                start -= 1
                text[start] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            bytes.append(contentsOf: UnsafeMutableBufferPointer(rebasing: text[start...]))
        }
    }

    /// The time in UTC with milliseconds (RFC 3339).
    private mutating func appendTime() {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        if now.tv_sec != second { refresh(now.tv_sec) }
        bytes += date
        append(now.tv_nsec / 1_000_000, digits: 3)
        append("Z")
    }

    private mutating func refresh(_ second: Int) {
        var time = second
        var parts = tm()
        gmtime_r(&time, &parts)
        let start = bytes.count
        append(Int(parts.tm_year) + 1_900, digits: 4)
        append("-")
        append(Int(parts.tm_mon) + 1, digits: 2)
        append("-")
        append(Int(parts.tm_mday), digits: 2)
        append("T")
        append(Int(parts.tm_hour), digits: 2)
        append(":")
        append(Int(parts.tm_min), digits: 2)
        append(":")
        append(Int(parts.tm_sec), digits: 2)
        append(".")
        date = Array(bytes[start...])
        cut(to: start)
        self.second = second
    }
}
