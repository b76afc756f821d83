/// What the nodes' caches did for an app: `GET /api/v1/names/<name>/cache`.
public struct CacheStatistics: Codable, Sendable, Equatable {
    /// One node, since its start.
    public struct Node: Codable, Sendable, Equatable {
        public var node: String
        public var hits = 0
        public var misses = 0
        /// Misses that waited for another request's answer.
        public var joined = 0
        /// Answers that could not be shared.
        public var passes = 0
        /// Requests to the origin.
        public var originRequests = 0
        /// Answers that came from another node.
        public var peerFills = 0
        public var hitBytes = 0
        public var purged = 0
        /// What is stored now.
        public var storedEntries = 0
        public var storedBytes = 0
        /// Why it did not answer; nil if it did.
        public var problem: String?

        public init(node: String) { self.node = node }
    }

    public var app: String
    public var nodes: [Node]

    public init(app: String, nodes: [Node]) {
        self.app = app
        self.nodes = nodes
    }
}
