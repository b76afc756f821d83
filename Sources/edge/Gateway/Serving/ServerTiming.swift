import NIOCore

/// The `Server-Timing` field (W3C Server Timing): where an answer's time went.
enum ServerTiming {
    /// - Parameter micros: From the request's head to the answer's at this node.
    static func text(_ micros: Int, _ timing: ReplyTiming?) -> String {
        // As a rule it is short enough to need no memory of its own.
        guard let timing else { return "node;dur=" + millis(micros) }
        var buffer = ByteBuffer()
        write(micros, timing, to: &buffer)
        return String(buffer: buffer)
    }

    /// The field's value.
    static func write(_ micros: Int, _ timing: ReplyTiming?, to buffer: inout ByteBuffer) {
        buffer.writeStaticString("node;dur=")
        writeMillis(micros, to: &buffer)
        guard let timing else { return }
        if let cache = timing.cache {
            buffer.writeStaticString(", cache;desc=")
            buffer.writeString(cache)
        }
        if let origin = timing.originMicros {
            buffer.writeStaticString(", origin;dur=")
            writeMillis(origin, to: &buffer)
        }
    }

    private static func writeMillis(_ micros: Int, to buffer: inout ByteBuffer) { buffer.writeString(millis(micros)) }

    /// Milliseconds with three decimals.
    private static func millis(_ micros: Int) -> String {
        let rest = micros % 1_000
        return String(micros / 1_000) + (rest < 10 ? ".00" : rest < 100 ? ".0" : ".") + String(rest)
    }
}
