public import Foundation

/// The nodes that serve an app, and what they say of its secrets: `GET /api/v1/names/<name>/secrets`, signed by the
/// owner. There are no values in it.
public struct SecretsReport: Codable, Sendable, Equatable {
    /// One node.
    public struct Node: Codable, Sendable, Equatable {
        /// The node's id.
        public var id: String
        /// Its sealing key with the signature of its own key; nil if it did not answer.
        public var sealingKey: Data?
        /// The list that it keeps, with the owner's signature; nil for none.
        public var list: Data?
        /// Values that the list names and the node lacks.
        public var missing: Int?
        /// Why it did not answer.
        public var problem: String?

        public init(
            id: String, sealingKey: Data? = nil, list: Data? = nil, missing: Int? = nil, problem: String? = nil
        ) {
            self.missing = missing
            self.id = id
            self.sealingKey = sealingKey
            self.list = list
            self.problem = problem
        }
    }

    public var app: String
    /// In order of their ids.
    public var nodes: [Node]

    public init(app: String, nodes: [Node]) {
        self.app = app
        self.nodes = nodes
    }
}

/// Other secrets for an app: `POST /api/v1/names/<name>/secrets`, signed by the owner.
public struct SecretsUpdate: Codable, Sendable, Equatable {
    /// Nodes that one update is sealed to at most.
    public static let maxEnvelopes = 64

    /// What is sealed to one node.
    public struct Envelope: Codable, Sendable, Equatable {
        /// The node's id.
        public var node: String
        /// Sealed values in the order of the list; empty for those that the node has.
        public var values: [Data]

        public init(node: String, values: [Data]) {
            self.node = node
            self.values = values
        }
    }

    /// The list with the owner's signature.
    public var list: Data
    public var envelopes: [Envelope]

    public init(list: Data, envelopes: [Envelope]) {
        self.list = list
        self.envelopes = envelopes
    }
}

/// Which nodes keep an update: it is durable on those without a problem.
public struct SecretsReceipt: Codable, Sendable, Equatable {
    /// One node.
    public struct Node: Codable, Sendable, Equatable {
        /// The node's id.
        public var id: String
        /// Why it does not keep the update; nil if it does.
        public var problem: String?

        public init(id: String, problem: String? = nil) {
            self.id = id
            self.problem = problem
        }
    }

    /// The list's version.
    public var version: UInt64
    /// In order of their ids.
    public var nodes: [Node]

    public init(version: UInt64, nodes: [Node]) {
        self.version = version
        self.nodes = nodes
    }
}
