/// What the nodes store of a URL: `GET /api/v1/names/<name>/cache?url=…`.
public struct CacheInspection: Codable, Sendable, Equatable {
    /// One variant of the URL on one node.
    public struct Variant: Codable, Sendable, Equatable {
        /// As it is in the key.
        public var url: String
        public var status: Int
        /// The fields that select it, one a line.
        public var variant: String
        /// Bytes of the body that are held, and of all of it, if that is known.
        public var heldBytes: Int64
        public var totalBytes: Int64?
        /// The body's blob.
        public var blob: String
        public var ageSeconds: Int64
        public var lifetimeSeconds: Int64
        public var isFresh: Bool
        /// Why it is fresh, or not.
        public var reason: String
        public var tag: String?
        public var surrogateKeys: [String]
        /// Whether it answers from memory.
        public var isInMemory: Bool
        /// Requests that it answered since it came into memory.
        public var hits: Int

        /// - Parameter url: As it is in the key.
        public init(
            url: String, status: Int, variant: String, heldBytes: Int64, totalBytes: Int64?, blob: String,
            ageSeconds: Int64, lifetimeSeconds: Int64, isFresh: Bool, reason: String, tag: String?,
            surrogateKeys: [String], isInMemory: Bool, hits: Int
        ) {
            self.url = url
            self.status = status
            self.variant = variant
            self.heldBytes = heldBytes
            self.totalBytes = totalBytes
            self.blob = blob
            self.ageSeconds = ageSeconds
            self.lifetimeSeconds = lifetimeSeconds
            self.isFresh = isFresh
            self.reason = reason
            self.tag = tag
            self.surrogateKeys = surrogateKeys
            self.isInMemory = isInMemory
            self.hits = hits
        }
    }

    /// One node.
    public struct Node: Codable, Sendable, Equatable {
        public var node: String
        public var variants: [Variant]
        /// Whether it is the one that asks the origin for the URL.
        public var isShield: Bool
        /// Why it did not answer; nil if it did.
        public var problem: String?

        public init(node: String, variants: [Variant], isShield: Bool, problem: String? = nil) {
            self.node = node
            self.variants = variants
            self.isShield = isShield
            self.problem = problem
        }
    }

    public var app: String
    public var url: String
    public var nodes: [Node]

    public init(app: String, url: String, nodes: [Node]) {
        self.app = app
        self.url = url
        self.nodes = nodes
    }
}
