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
        var lines = LogLines(format)
        write(to: &lines)
        return lines.bytes
    }

    /// Adds the line with its end.
    func write(to lines: inout LogLines) {
        lines.begin("request")
        lines.add("method", method)
        lines.add("host", host)
        lines.add("path", path)
        lines.add("status", status)
        lines.add("bytes", bytes)
        lines.add("micros", micros)
        lines.add("kind", kind)
        lines.add("remote", remote)
        if let error { lines.add("error", error) }
        if let request { lines.add("request", request) }
        if let cache { lines.add("cache", cache) }
        if isBroken { lines.add("broken", "true") }
        lines.end()
    }
}
