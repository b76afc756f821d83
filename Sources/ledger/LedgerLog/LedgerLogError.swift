/// What went wrong with the log or with keeping the state.
public struct LedgerLogError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; new kinds may be added. Its text is stable and meant for programs.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// A code of this or another log engine.
        public init(_ description: String) { self.description = description }

        /// The log cannot be opened, read or written, or what is in it is not this log's.
        public static let logUnusable = Code("ledger-log/unusable")
        /// The engine refuses what this node asks of it, whatever is in the log: a matter of rights or settings.
        public static let engineRefused = Code("ledger-log/engine-refused")
        /// The log belongs to another network.
        public static let wrongNetwork = Code("ledger-log/wrong-network")
        /// Another writer moved the log's head.
        public static let conflict = Code("ledger-log/conflict")
        /// The write failed and is not in the log; the same transaction may be submitted again.
        public static let appendFailed = Code("ledger-log/append-failed")
        /// The entries that were asked for are gone; a snapshot stands for them.
        public static let truncated = Code("ledger-log/truncated")
        /// The engine cannot be reached or has no quorum; what is known stays readable.
        public static let unavailable = Code("ledger-log/unavailable")
        /// Transactions are taken by the sequencer only, or another node became it.
        public static let notSequencer = Code("ledger-log/not-sequencer")
        /// Too much waits already; try again later.
        public static let overloaded = Code("ledger-log/overloaded")
        /// A snapshot that is not the one that its base names, or of another network.
        public static let badSnapshot = Code("ledger-log/bad-snapshot")
        /// This node's clock and the ledger's time are further apart than can be right.
        public static let clockMismatch = Code("ledger-log/clock-mismatch")
        /// The keeper was closed.
        public static let closed = Code("ledger-log/closed")
        /// Bytes that are no entry of this network: the sender's fault, nothing halts.
        public static let badEntry = Code("ledger-log/bad-entry")
        /// Entries before the given ones are lacking here.
        public static let missingEntries = Code("ledger-log/missing-entries")
        /// Replaying the log does not give what it says. The last good state stays readable; nothing is added.
        public static let diverged = Code("ledger-log/diverged")
        /// Sequencers signed two histories. The state stays readable; nothing is added.
        public static let forked = Code("ledger-log/forked")
    }

    public let code: Code
    /// What was wrong, where, and what to do next.
    public let message: String
    /// The two signed statements, for `.forked`, if both are known.
    public let evidence: ForkEvidence?

    public init(_ code: Code, _ message: String, evidence: ForkEvidence? = nil) {
        self.code = code
        self.message = message
        self.evidence = evidence
    }

    public var description: String { "\(code): \(message)" }
}
