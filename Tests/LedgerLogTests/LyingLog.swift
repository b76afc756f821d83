import Blake3
import Foundation
import Ledger
import LedgerLog
import Synchronization

/// A log engine that does not do what it says.
final class LyingLog: LedgerLog {
    enum Lie: Sendable {
        case none
        /// Gives the entries of a page in another order.
        case reorders
        /// Leaves the second entry of a page out.
        case drops
        /// Gives nothing although its head is ahead.
        case hides
        /// Says that it has an entry and forgets it.
        case forgetsAppends
        /// Ends where it ended long ago.
        case olderHead(LogHead)
        /// Gives what was asked for before.
        case repeats
        /// Gives these instead, whatever is asked for: of another network or of another history.
        case other([Entry])
        /// Changes a bit of each entry.
        case flips
        /// Holds what is no log at all.
        case garbage
        /// Does not let this node read.
        case refuses
    }

    private let inner: any LedgerLog
    private let lie = Mutex(Lie.none)
    private let told = Mutex(0)

    init(_ inner: any LedgerLog) { self.inner = inner }

    /// Answers that were lies.
    var lies: Int { told.withLock { $0 } }

    func begin(_ lie: Lie) { self.lie.withLock { $0 = lie } }

    /// What an engine's client says of an answer that it cannot give.
    private var refusal: LedgerLogError {
        count()
        if case .refuses = lie.withLock({ $0 }) { return LedgerLogError(.engineRefused, "no right to read") }
        return LedgerLogError(.logUnusable, "the head is no head")
    }

    private func count() { told.withLock { $0 += 1 } }

    func head() async throws -> LogHead {
        switch lie.withLock({ $0 }) {
        case .olderHead(let head):
            count()
            return head
        case .garbage, .refuses: throw refusal
        case .other(let entries):
            count()
            return entries.last.map { LogHead(sequence: $0.sequence, hash: $0.hash) }
                ?? LogHead(
                    sequence: 0, hash: Digest(unsafeUninitialized: { _ in }))
        default: return try await inner.head()
        }
    }

    func append(_ record: LogRecord) async throws {
        if case .forgetsAppends = lie.withLock({ $0 }) { return count() }
        try await inner.append(record)
    }

    func entries(from sequence: UInt64, limit: Int, byteLimit: Int) async throws -> [Data] {
        let lie = lie.withLock { $0 }
        switch lie {
        case .garbage, .refuses: throw refusal
        default: break
        }
        if case .repeats = lie, sequence > 1 {
            count()
            return try await inner.entries(from: sequence - 1, limit: limit, byteLimit: byteLimit)
        }
        var page = try await inner.entries(from: sequence, limit: limit, byteLimit: byteLimit)
        switch lie {
        case .reorders where page.count > 1: page.swapAt(0, 1)
        case .drops where page.count > 1: page.remove(at: 1)
        case .hides: page = []
        case .olderHead: page = []
        case .other(let entries): page = entries.filter { $0.sequence >= sequence }.map(\.bytes)
        case .flips:
            page = page.map { bytes in
                var flipped = bytes
                flipped[flipped.startIndex + flipped.count / 3] ^= 4
                return flipped
            }
        default: return page
        }
        count()
        return page
    }

    func page(from sequence: UInt64, limit: Int, byteLimit: Int) async throws -> LogPage {
        LogPage(
            entries: try await entries(from: sequence, limit: limit, byteLimit: byteLimit), head: try await head())
    }

    func base() async throws -> LogBase? { try await inner.base() }
    func truncate(to base: LogBase) async throws { try await inner.truncate(to: base) }
    func wakeUps() -> AsyncStream<Void> { inner.wakeUps() }
    func close() async throws { try await inner.close() }
}
