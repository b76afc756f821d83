import FunctionLogs

/// Records by request. A core: no clock, no output.
struct LogGroups {
    /// The lines of one request, and how it ended; or one record that belongs to none.
    struct Group: Equatable {
        var node: String
        var records: [FunctionLogRecord]
        /// When its first record came.
        var first: ContinuousClock.Instant

        /// How the request ended; nil if that is not known.
        var outcome: FunctionLogRecord? { records.first { $0.kind == .outcome } }
        /// Milliseconds since 1970.
        var time: Int64 { records.first?.time ?? 0 }
    }

    /// Records that wait for their request's end; beyond that, the oldest group goes on as it is.
    static let maxWaiting = 10_000

    private var waiting: [String: Group] = [:]
    private var waitingCount = 0
    private var complete: [Group] = []

    mutating func add(_ record: FunctionLogRecord, node: String, now: ContinuousClock.Instant) {
        guard let request = record.request, !request.isEmpty else {
            complete.append(Group(node: node, records: [record], first: now))
            return
        }
        let key = "\(node) \(request)"
        var group = waiting.removeValue(forKey: key) ?? Group(node: node, records: [], first: now)
        waitingCount -= group.records.count
        group.records.append(record)
        guard record.kind != .outcome else {
            complete.append(group)
            return
        }
        waiting[key] = group
        waitingCount += group.records.count
        if waitingCount > LogGroups.maxWaiting, let oldest = waiting.min(by: { $0.value.first < $1.value.first }) {
            complete.append(remove(oldest.key, oldest.value))
        }
    }

    /// Groups whose request has ended.
    mutating func takeComplete() -> [Group] {
        defer { complete = [] }
        return complete
    }

    /// Groups that began before `time` and whose request has not ended.
    mutating func takeWaiting(before time: ContinuousClock.Instant) -> [Group] {
        waiting.filter { $0.value.first < time }.map { remove($0.key, $0.value) }.sorted { $0.time < $1.time }
    }

    /// Everything, in order of time.
    mutating func takeAll() -> [Group] {
        defer {
            waiting = [:]
            waitingCount = 0
        }
        return (takeComplete() + waiting.values).sorted { $0.time < $1.time }
    }

    private mutating func remove(_ key: String, _ group: Group) -> Group {
        waiting[key] = nil
        waitingCount -= group.records.count
        return group
    }
}
