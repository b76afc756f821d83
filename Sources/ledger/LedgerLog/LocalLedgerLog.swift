public import Ledger

/// A node's own copy of the log: the only one there is, or a copy of a shared one.
public protocol LocalLedgerLog: LedgerLog, TransactionIndex {
    /// Adds entries that follow the head and each other, all or none. When this returns, they are durable.
    ///
    /// - Throws: As ``LedgerLog/append(_:)``.
    func append(_ records: [LogRecord]) async throws

    /// Lets the log go on behind `base`, whatever it held. When this returns, the base is durable; what it covers goes
    /// at once or soon after.
    ///
    /// - Throws: ``LedgerLogError`` `.conflict` if the log has entries behind the base already.
    func restart(at base: LogBase) async throws

    /// Handovers of checkpoints in epochs after `epoch`, oldest first, `limit` at most. They come with the entries that
    /// made them effective, or by ``keep(_:)-([Handover])``, and stay when the entries go.
    func handovers(after epoch: UInt64, limit: Int) async throws -> [Handover]

    /// Keeps handovers of which the entries are not here. When this returns, they are durable.
    func keep(_ handovers: [Handover]) async throws

    /// Keeps refusals of transactions that no entry holds, for ``TransactionIndex/outcome(of:)``; the newest only, as many
    /// as the engine has room for. Of several of one transaction, the last one counts.
    func keep(_ refusals: [RecordedOutcome]) async throws

    /// What was kept by ``keep(_:)-(ForkEvidence)``.
    func evidence() async throws -> ForkEvidence?

    /// Keeps the proof of a fork for good; the first one counts. When this returns, it is durable.
    func keep(_ evidence: ForkEvidence) async throws
}

extension LocalLedgerLog {
    public func append(_ record: LogRecord) async throws { try await append([record]) }
}
