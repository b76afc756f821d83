/// Why a command of the client cannot be carried out.
public struct ClientError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; new kinds may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        private init(_ description: String) { self.description = description }

        /// The node does not answer.
        public static let unreachable = Code("client/unreachable")
        /// A file or folder cannot be deployed as it is.
        public static let badInput = Code("client/bad-input")
        /// A file cannot be read or written.
        public static let fileUnusable = Code("client/file-unusable")
        /// The bytes that a node sent are not the blob that was asked for.
        public static let corrupt = Code("client/corrupt")
        /// The name belongs to another account.
        public static let nameTaken = Code("ledger/name-taken")
        /// The node answered something that this client does not understand.
        public static let badAnswer = Code("client/bad-answer")
        /// An answer broke off.
        public static let cutShort = Code("client/cut-short")
        /// The node, the file or the genesis is of another network than the one that was asked for.
        public static let wrongNetwork = Code("client/wrong-network")
        /// No committee signed a state of the ledger yet, or none that the node still knows.
        public static let notCertified = Code("client/not-certified")
        /// The newest certificate that a node has is too old.
        public static let stale = Code("client/stale")
        /// A node showed an older state than was proved before.
        public static let wentBack = Code("client/went-back")
        /// A committee signed two states after one entry.
        public static let forked = Code("client/forked")
        /// A snapshot's bytes are not those that its name promises.
        public static let badSnapshot = Code("client/bad-snapshot")
        /// A file is no export of a ledger, or is damaged.
        public static let badExport = Code("client/bad-export")
        /// A new release of a machine did not become healthy.
        public static let rolloutFailed = Code("machine/rollout-failed")
        /// Too few of the nodes that serve an app keep its secrets.
        public static let secretsNotStored = Code("secrets/not-stored")
        /// No channel has enough left to pay a node, or is open any more.
        public static let channelExhausted = Code("client/channel-exhausted")
        /// A call costs more than its caller pays.
        public static let priceTooHigh = Code("client/price-too-high")
        /// A node wanted more for a call than it can have cost.
        public static let overcharged = Code("client/overcharged")
        /// A node does not take the payment, or says that more is owed to it.
        public static let notPaid = Code("client/not-paid")
        /// Whether a transaction came onto the ledger could not be found out in time.
        public static let outcomeUnknown = Code("client/outcome-unknown")
    }

    public let code: Code
    /// What was wrong, where, and what to do next.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code): \(message)" }
}
