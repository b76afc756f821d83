/// Why a provider record, or a request about records, was refused.
public struct DiscoveryError: Error, Sendable, CustomStringConvertible {
    /// The kind of refusal; new kinds may be added. Peers and statistics see the text.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// Such as `discovery/stale`.
        public let description: String

        /// A code of that text, which should begin with `discovery/`.
        public init(_ description: String) { self.description = description }

        /// Bytes that are no record, or ids of a wrong length.
        public static let malformed = Code("discovery/malformed")
        /// More bytes than a record may have.
        public static let tooLarge = Code("discovery/too-large")
        /// The record belongs to another network.
        public static let wrongNetwork = Code("discovery/wrong-network")
        /// The record is about another key than the one that was asked for.
        public static let wrongKey = Code("discovery/wrong-key")
        /// The provider is not on the ledger.
        public static let notOnLedger = Code("discovery/not-on-ledger")
        /// The signature is not the provider's over this record.
        public static let badSignature = Code("discovery/bad-signature")
        /// A record of the provider for the key with a higher sequence is known.
        public static let stale = Code("discovery/stale")
        /// The record's time is over.
        public static let expired = Code("discovery/expired")
        /// The record claims to live longer than records may.
        public static let tooFarAhead = Code("discovery/too-far-ahead")
        /// The sender is not the record's provider.
        public static let notTheProvider = Code("discovery/not-the-provider")
        /// The replicas of the key are far nearer to it: the record belongs there.
        public static let notResponsible = Code("discovery/not-responsible")
        /// The provider has as many records here as it may.
        public static let providerFull = Code("discovery/provider-full")
        /// The key has as many providers here as it may, and others go first.
        public static let keyFull = Code("discovery/key-full")
        /// The store is full, and the provider's operator uses no less of it than others.
        public static let full = Code("discovery/full")
        /// The write token is not one that was given to this sender within its life.
        public static let badToken = Code("discovery/bad-token")
        /// A request with more records than one may carry.
        public static let tooMany = Code("discovery/too-many")
        /// Earlier requests of the sender are still being checked.
        public static let busy = Code("discovery/busy")
    }

    /// What kind of refusal it is.
    public let code: Code
    /// What was wrong, where, and what to do next.
    public let message: String

    /// A refusal with a message for people: what was wrong, where, and what to do next.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}
