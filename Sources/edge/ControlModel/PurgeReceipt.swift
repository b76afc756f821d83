/// What the nodes did about an order: the answer to `POST /api/v1/cache/purges`, whose body is a ``PurgeOrder``.
public struct PurgeReceipt: Codable, Sendable, Equatable {
    /// One node.
    public struct Node: Codable, Sendable, Equatable {
        /// The node's id.
        public var id: String
        /// From the order's arrival at the asked node until this one had carried it out.
        public var milliseconds: Double
        /// Stored answers that were hit.
        public var hits: Int
        /// Why it did not; nil if it did.
        public var problem: String?

        public init(id: String, milliseconds: Double, hits: Int, problem: String? = nil) {
            self.id = id
            self.milliseconds = milliseconds
            self.hits = hits
            self.problem = problem
        }
    }

    public var app: String
    /// In order of their ids. Those with a problem carry it out when they are back.
    public var nodes: [Node]

    public init(app: String, nodes: [Node]) {
        self.app = app
        self.nodes = nodes
    }
}
