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
        /// No release of the name is live, so that none can be tried out beside it.
        public static let noLiveRelease = Code("ledger/no-live-release")
        /// A size class that breaks the rules for their names.
        public static let badSizeClass = Code("ledger/bad-size-class")
        /// A domain that breaks the rules for domains.
        public static let badDomain = Code("ledger/bad-domain")
        /// Another name has the domain.
        public static let domainTaken = Code("ledger/domain-taken")
        /// Nobody bound the domain.
        public static let unknownDomain = Code("ledger/unknown-domain")
        /// The account has fewer units than that.
        public static let insufficientBalance = Code("ledger/insufficient-balance")
        /// Sender and recipient are one account.
        public static let selfTransfer = Code("ledger/self-transfer")
        /// A number or a sum above what the ledger can hold, or zero where that makes no sense.
        public static let badAmount = Code("ledger/bad-amount")
        /// The node has less at stake than is asked for or needed.
        public static let insufficientStake = Code("ledger/insufficient-stake")
        /// Stake that may not be withdrawn yet.
        public static let stakeLocked = Code("ledger/stake-locked")
        /// The node takes part already, or does not.
        public static let wrongParticipation = Code("ledger/wrong-participation")
        /// The node is the last one that may order transactions and takes part.
        public static let lastSequencer = Code("ledger/last-sequencer")
        /// The node may not take part for some epochs.
        public static let barred = Code("ledger/barred")
        /// The network's door does not let the node in.
        public static let notAdmitted = Code("ledger/not-admitted")
        /// The network admits attested nodes only, and there is no verifier.
        public static let attestationUnavailable = Code("ledger/attestation-unavailable")
        /// No such channel.
        public static let unknownChannel = Code("ledger/unknown-channel")
        /// A channel that cannot be opened as asked.
        public static let badChannel = Code("ledger/bad-channel")
        /// A settlement whose link, voucher or units are wrong.
        public static let badSettlement = Code("ledger/bad-settlement")
        /// The channel is not closable yet, or nothing more may be settled on it.
        public static let channelState = Code("ledger/channel-state")
        /// Another epoch or round than the present one.
        public static let wrongEpoch = Code("ledger/wrong-epoch")
        /// Too early or too late in the epoch.
        public static let wrongPhase = Code("ledger/wrong-phase")
        /// Nothing would change: it was done already.
        public static let alreadyDone = Code("ledger/already-done")
        /// The reveal is not what was committed to.
        public static let badReveal = Code("ledger/bad-reveal")
        /// A certificate that does not prove what it says, or nothing new.
        public static let badCertificate = Code("ledger/bad-certificate")
        /// Evidence that proves no fault.
        public static let badEvidence = Code("ledger/bad-evidence")
        /// A parameter that does not exist or a value out of its range.
        public static let badParameter = Code("ledger/bad-parameter")
        /// This version or this network does not do that.
        public static let unsupported = Code("ledger/unsupported")

        // Machines

        /// Another node has the lease.
        public static let leaseHeld = Code("ledger/lease-held")
        /// The node does not have the lease, or not any more.
        public static let notLeased = Code("ledger/not-leased")

        // Proofs and snapshots

        /// A proof that does not prove what it says.
        public static let badProof = Code("ledger/bad-proof")
        /// A snapshot that is damaged or of another state.
        public static let badSnapshot = Code("ledger/bad-snapshot")

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
