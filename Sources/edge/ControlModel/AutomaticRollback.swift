/// A roll-back that nodes carried out by themselves.
public struct AutomaticRollback: Codable, Hashable, Sendable {
    /// The node that did it.
    public var node: String
    /// The release that failed.
    public var from: String
    /// The release that visitors got again.
    public var to: String
    /// Milliseconds since 1970.
    public var timeMilliseconds: Int64
    /// Why, for people.
    public var reason: String

    /// Describes a roll-back.
    public init(node: String, from: String, to: String, timeMilliseconds: Int64, reason: String) {
        self.node = node
        self.from = from
        self.to = to
        self.timeMilliseconds = timeMilliseconds
        self.reason = reason
    }
}

/// What nodes did by themselves with an app's releases: `GET /api/v1/names/<name>/automatic-rollback`.
public struct RollbackReport: Codable, Hashable, Sendable {
    /// The last one; nil if there is none that a node of the app remembers.
    public var last: AutomaticRollback?

    /// A report.
    public init(last: AutomaticRollback?) { self.last = last }
}
