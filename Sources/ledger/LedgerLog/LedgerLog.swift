public import Foundation
public import Ledger

/// An engine that keeps the entries of one network in order.
///
/// It is trusted with durability and order only: what it gives back is verified by replaying it.
public protocol LedgerLog: Sendable {
    /// Where the log ends.
    func head() async throws -> LogHead

    /// Adds the entry that follows the head. When this returns, the entry is durable.
    ///
    /// A thrown error leaves open whether the entry is in the log; ``head()`` tells. Cancellation may be taken for an
    /// error.
    ///
    /// - Throws: ``LedgerLogError`` `.conflict` if the entry does not follow the head.
    func append(_ record: LogRecord) async throws

    /// Entries in ascending order from `sequence` on, without a gap; empty past the head.
    ///
    /// - Parameters:
    ///   - limit: Entries at most.
    ///   - byteLimit: Bytes at most, but one entry is returned whatever its size.
    func entries(from sequence: UInt64, limit: Int, byteLimit: Int) async throws -> [Data]

    /// Where a transaction was applied; nil if it never was.
    func applied(_ id: TransactionID) async throws -> AppliedTransaction?

    /// Lets go of files and connections. Further calls throw.
    func close() async throws
}
