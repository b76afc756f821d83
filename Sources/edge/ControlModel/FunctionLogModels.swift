public import FunctionLogs

/// What one node knows of a function's log: `GET /api/v1/names/<name>/logs?after=…&limit=…&wait=…`, signed by the
/// owner.
public struct FunctionLogPage: Codable, Sendable, Equatable {
    /// Records in one answer at most.
    public static let maxCount = 5_000

    /// The node's id.
    public var node: String
    /// Oldest first; the newest ones behind `after`.
    public var records: [FunctionLogRecord]
    /// The `after` of the next request.
    public var next: UInt64

    public init(node: String, records: [FunctionLogRecord], next: UInt64) {
        self.node = node
        self.records = records
        self.next = next
    }
}
