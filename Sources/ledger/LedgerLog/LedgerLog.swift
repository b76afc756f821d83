public import Foundation
public import Ledger

/// An engine that keeps the entries of one network in order.
///
/// It is trusted with durability and order only: what it gives back is verified by replaying it.
public protocol LedgerLog: Sendable {
    /// Where the log ends; its base if it holds no entry behind it.
    func head() async throws -> LogHead

    /// Adds the entry that follows the head. When this returns, the entry is durable.
    ///
    /// A thrown error leaves open whether the entry is in the log; ``head()`` and ``entries(from:limit:byteLimit:)``
    /// tell. Cancellation may be taken for an error.
    ///
    /// - Throws: ``LedgerLogError`` `.conflict` if the entry does not follow the head, `.notSequencer` if a shared log
    ///   has another sequencer by now. Neither leaves anything in the log.
    func append(_ record: LogRecord) async throws

    /// Entries in ascending order from `sequence` on, without a gap; empty past the head.
    ///
    /// - Parameters:
    ///   - limit: Entries at most.
    ///   - byteLimit: Bytes at most, but one entry is returned whatever its size.
    /// - Throws: ``LedgerLogError`` `.truncated` if `sequence` is not behind the base.
    func entries(from sequence: UInt64, limit: Int, byteLimit: Int) async throws -> [Data]

    /// The same, with the head as it was then if the engine tells both at once, so that a reader need not ask for it.
    ///
    /// - Throws: As ``entries(from:limit:byteLimit:)``.
    func page(from sequence: UInt64, limit: Int, byteLimit: Int) async throws -> LogPage

    /// Where the log begins; nil as long as it begins behind the genesis.
    func base() async throws -> LogBase?

    /// Forgets the entries up to `base`, whose snapshot stands for them. When this returns, the base is durable; the
    /// entries go at once or soon after. A base that is not ahead of the present one changes nothing.
    ///
    /// - Throws: ``LedgerLogError`` `.conflict` if the base is ahead of the head or of another chain.
    func truncate(to base: LogBase) async throws

    /// Hints that something may be new, also from other processes; ends with the log. A reader that misses hints
    /// gets one, not many.
    func wakeUps() -> AsyncStream<Void>

    /// Lets go of files and connections. Further calls throw.
    func close() async throws
}

extension LedgerLog {
    public func page(from sequence: UInt64, limit: Int, byteLimit: Int) async throws -> LogPage {
        LogPage(entries: try await entries(from: sequence, limit: limit, byteLimit: byteLimit), head: nil)
    }
}

/// Finds transactions by their ids.
public protocol TransactionIndex: Sendable {
    /// What became of a transaction that an entry of the log holds, or else of one that was refused; nil if neither is
    /// kept.
    func outcome(of id: TransactionID) async throws -> RecordedOutcome?
}
