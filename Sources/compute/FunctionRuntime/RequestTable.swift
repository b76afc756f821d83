import WorkerProtocol

/// The requests that a worker works on, and what each has used.
struct RequestTable {
    /// Bytes of console lines that one request may write.
    static let maxLogBytes = 256 << 10
    /// How long `ctx.waitUntil` keeps a request's timers alive after its response, in nanoseconds: 30 s.
    static let maxWaitAfterResponse: UInt64 = 30_000_000_000

    /// Host calls that one request may make.
    static let maxCalls = 1_000

    /// Whether a console line may be written.
    enum LogDecision { case write, writeNotice, drop }

    private struct Record {
        var isAnswered = false
        /// The response's body is still being sent.
        var isStreaming = false
        var waits = 0
        var calls = 0
        var cpuNanoseconds: UInt64 = 0
        var logLines = 0
        var logBytes = 0
        var endOfWait = UInt64.max

        var isOver: Bool { isAnswered && !isStreaming && waits <= 0 }
    }

    private var records: [UInt64: Record] = [:]
    /// Lines that belong to no request; the counters start again with every request.
    private var unowned = Record()

    /// No request has work left.
    var isIdle: Bool { records.isEmpty }

    /// The only request that waits for an answer, when there is exactly one.
    var onlyRequest: UInt64? { records.count == 1 ? records.keys.first : nil }

    mutating func begin(_ id: UInt64) {
        guard records.updateValue(Record(), forKey: id) == nil else { return }
        unowned = Record()
    }

    /// The request still waits for its answer.
    func isOpen(_ id: UInt64) -> Bool { records[id].map { !$0.isAnswered } ?? false }

    /// The request's timers may still fire.
    func isAlive(_ id: UInt64, now: UInt64) -> Bool { records[id].map { now < $0.endOfWait } ?? false }

    /// The response's body is still being sent.
    func isStreaming(_ id: UInt64) -> Bool { records[id]?.isStreaming ?? false }

    /// Something of the request is still to be done.
    func isKnown(_ id: UInt64) -> Bool { records[id] != nil }

    /// Marks the request as answered; false when it was answered before or never began.
    mutating func answer(_ id: UInt64, isStreaming: Bool, now: UInt64) -> Bool {
        guard var record = records[id], !record.isAnswered else { return false }
        record.isAnswered = true
        record.isStreaming = isStreaming
        if !isStreaming { record.endOfWait = now + Self.maxWaitAfterResponse }
        records[id] = record.isOver ? nil : record
        return true
    }

    /// The response's body is complete or broken off.
    mutating func endBody(_ id: UInt64, now: UInt64) {
        guard var record = records[id], record.isStreaming else { return }
        record.isStreaming = false
        record.endOfWait = now + Self.maxWaitAfterResponse
        records[id] = record.isOver ? nil : record
    }

    mutating func beginWait(_ id: UInt64) { records[id]?.waits += 1 }

    mutating func endWait(_ id: UInt64) {
        guard var record = records[id] else { return }
        record.waits -= 1
        records[id] = record.isOver ? nil : record
    }

    /// Counts a host call; false when the request has made as many as it may.
    mutating func admitCall(_ id: UInt64) -> Bool {
        guard let count = records[id]?.calls else { return id == 0 }
        guard count < Self.maxCalls else { return false }
        records[id]?.calls = count + 1
        return true
    }

    /// Forgets whatever the request still does.
    mutating func abandon(_ id: UInt64) { records[id] = nil }

    /// Forgets requests whose time after the response is over, and returns them.
    mutating func expire(now: UInt64) -> [UInt64] {
        guard records.contains(where: { $0.value.endOfWait <= now }) else { return [] }
        let expired = records.filter { $0.value.endOfWait <= now }.keys.sorted()
        for id in expired { records[id] = nil }
        return expired
    }

    /// CPU time of a request's entries that are over.
    func cpuNanoseconds(of id: UInt64) -> UInt64 { records[id]?.cpuNanoseconds ?? 0 }

    /// Adds CPU time to a request and returns its total; nil when the request is over.
    mutating func charge(_ id: UInt64, cpuNanoseconds: UInt64) -> UInt64? {
        records[id]?.cpuNanoseconds += cpuNanoseconds
        return records[id]?.cpuNanoseconds
    }

    mutating func admitLog(_ id: UInt64, bytes: Int) -> LogDecision {
        var record = records[id] ?? unowned
        defer { if records[id] != nil { records[id] = record } else { unowned = record } }
        guard record.logLines <= WireLimits.maxLogLines, record.logBytes <= Self.maxLogBytes else { return .drop }
        record.logLines += 1
        record.logBytes += bytes
        let isOver = record.logLines > WireLimits.maxLogLines || record.logBytes > Self.maxLogBytes
        if isOver { record.logLines = WireLimits.maxLogLines + 1 }
        return isOver ? .writeNotice : .write
    }
}
