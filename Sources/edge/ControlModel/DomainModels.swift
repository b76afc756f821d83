public import Foundation

/// A custom domain as one node sees it: `GET /api/v1/domains/<domain>`.
public struct DomainReport: Codable, Sendable, Equatable {
    /// The domain's certificate on this node.
    public struct Certificate: Codable, Sendable, Equatable {
        /// When it ends; nil for none.
        public var notAfter: Date?
        /// Why the last order failed, or why no node's chain is shown; nil if it did not.
        public var problem: String?
        /// When it is tried again.
        public var nextAttempt: Date?
        /// True if the node shows the chain alone (none as long as there is no ``notAfter``), and nodes that serve the app
        /// sign with its key; nil for false.
        public var isBorrowed: Bool?

        public init(
            notAfter: Date? = nil, problem: String? = nil, nextAttempt: Date? = nil, isBorrowed: Bool? = nil
        ) {
            self.notAfter = notAfter
            self.problem = problem
            self.nextAttempt = nextAttempt
            self.isBorrowed = isBorrowed
        }
    }

    public var domain: String
    /// The network's name in the DNS: an alias of `<app>.<zone>` is a proof; nil if the node's operator set none.
    public var zone: String?
    /// The app that the ledger binds it to; nil for none.
    public var app: String?
    /// Whether the node answers to it.
    public var isServed = false
    /// When the node saw the proof last; nil for never.
    public var provedAt: Date?
    /// What the node found in place of the proof at its last look; nil if it found it.
    public var problem: String?
    /// Nil if the node orders, holds and borrows no certificate for it.
    public var certificate: Certificate?

    public init(domain: String, zone: String? = nil) {
        self.domain = domain
        self.zone = zone
    }
}
