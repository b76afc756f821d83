/// Why the ledger refused bytes, a transaction, an entry or a genesis.
public struct LedgerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of refusal; new kinds may be added. Its text is stable and meant for programs.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// A code of this or another release of the software.
        public init(_ description: String) { self.description = description }

        // Bytes

        /// Bytes that are no canonical encoding of what they should be.
        public static let malformed = Code("ledger/malformed")
        /// Something is larger than a limit allows.
        public static let tooLarge = Code("ledger/too-large")
        /// A genesis that cannot start a network.
        public static let badGenesis = Code("ledger/bad-genesis")

        // Transactions

        /// The signature is not the key's over these bytes.
        public static let badSignature = Code("ledger/bad-signature")
        /// Signed for another network.
        public static let wrongNetwork = Code("ledger/wrong-network")
        /// The signer is no account or node of this network.
        public static let unknownSigner = Code("ledger/unknown-signer")
        /// The nonce is not one more than the signer's last.
        public static let badNonce = Code("ledger/bad-nonce")
        /// The entry's time is past the transaction's last valid time.
        public static let expired = Code("ledger/expired")
        /// The signer may not do this.
        public static let notAuthorised = Code("ledger/not-authorised")
        /// A limit of the network is reached.
        public static let limitReached = Code("ledger/limit-reached")
        /// A host or port that cannot be an endpoint.
        public static let badEndpoint = Code("ledger/bad-endpoint")
        /// The node is registered already.
        public static let nodeExists = Code("ledger/node-exists")
        /// No such node.
        public static let unknownNode = Code("ledger/unknown-node")
        /// No such account.
        public static let unknownAccount = Code("ledger/unknown-account")
        /// A name that breaks the rules for names.
        public static let badName = Code("ledger/bad-name")
        /// A name that nobody may claim.
        public static let reservedName = Code("ledger/reserved-name")
        /// The name has an owner.
        public static let nameTaken = Code("ledger/name-taken")
        /// Nobody claimed the name.
        public static let unknownName = Code("ledger/unknown-name")
        /// The name has a release of this id.
        public static let releaseExists = Code("ledger/release-exists")
        /// The name has no release of this id.
        public static let unknownRelease = Code("ledger/unknown-release")
        /// No release was live before the present one.
        public static let nothingToRollBackTo = Code("ledger/nothing-to-roll-back-to")

        // Entries

        /// The sequence is not one more than the last.
        public static let outOfSequence = Code("ledger/out-of-sequence")
        /// The sequencer's signature is not valid.
        public static let badSequencerSignature = Code("ledger/bad-sequencer-signature")
        /// The transactions are not those of the header.
        public static let batchMismatch = Code("ledger/batch-mismatch")
        /// The entry continues another chain.
        public static let chainBroken = Code("ledger/chain-broken")
        /// The entry's time is before the last one's.
        public static let timeWentBack = Code("ledger/time-went-back")
        /// The sequencer's state differs from ours.
        public static let stateRootMismatch = Code("ledger/state-root-mismatch")
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
