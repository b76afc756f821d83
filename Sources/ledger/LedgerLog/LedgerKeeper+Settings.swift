extension LedgerKeeper {
    /// Bounds of a keeper.
    public struct Settings: Sendable {
        /// Transactions that may wait for the log. Default 4,096; more only hides an overload.
        public var maxQueuedTransactions = 4_096
        /// Their bytes, together. Default 16 MiB.
        public var maxQueuedBytes = 16 << 20
        /// Callers of ``LedgerKeeper/waitForSequence(_:timeout:)`` that may wait. Default 1,024.
        public var maxWaiters = 1_024
        /// Streams from ``LedgerKeeper/changes()`` that may be open. Default 64.
        public var maxSubscribers = 64
        /// Entries that one call may bring or ask for. Default 1,024.
        public var maxPageEntries = 1_024
        /// Bytes of entries that one call may ask for, and that a replay reads at once. Default 1 MiB.
        public var maxPageBytes = 1 << 20
        /// Bytes of entries that one call may bring. Default 16 MiB, so that peers may use larger pages.
        public var maxIngestBytes = 16 << 20
        /// How long an entry may wait for more transactions after a slow append; never when nothing was being
        /// written. Default 20 ms.
        public var maxLinger = Duration.milliseconds(20)
        /// An append that takes so long is slow. Default 1 ms.
        public var slowAppend = Duration.milliseconds(1)
        /// How often a shared log is looked at without a hint, and whether a checkpoint is overdue. Default 1 s.
        public var pollInterval = Duration.seconds(1)
        /// The pause before a shared log that failed or gave something wrong is asked again. Default 250 ms.
        public var retryPause = Duration.milliseconds(250)
        /// Wrong answers of a shared log in a row after which the ledger halts. Default 3: an engine that is being
        /// restored may be wrong for a moment.
        public var maxEngineFaults = 3
        /// States at checkpoints that are kept until one of them is certified. Default 65: a certificate may come for
        /// each of the 64 checkpoints that the ledger remembers, and for that of its last entry. Once it is there, the
        /// older states go.
        public var keptCheckpoints = 65
        /// How far an entry may be ahead of this node's clock, and how far the clock of the node that orders may jump,
        /// before it is taken for wrong. Default 5 minutes. Since time on the ledger never goes back, one entry of next
        /// year would stop epochs for a year. Raise it only where clocks cannot be set.
        public var maxClockLead = Duration.seconds(300)

        /// The defaults.
        public init() {}
    }
}
