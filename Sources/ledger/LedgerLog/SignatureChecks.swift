package import Foundation
package import Ledger

/// Checks transactions' signatures on all cores: the most expensive part of the ledger by far.
package enum SignatureChecks {
    /// Transactions that one task checks at least: about a millisecond, beside which a task costs nothing.
    package static let leastShare = 16
    /// Tasks a core, so that a core that comes late still finds work.
    private static let tasksPerCore = 4
    /// Asked once: Foundation reads the control group's files for it each time.
    private static let cores = max(1, ProcessInfo.processInfo.activeProcessorCount)

    /// In the given order: the transaction, or why its bytes are none. Few are checked on the caller's thread.
    ///
    /// - Parameter known: Those in it were verified before.
    package static func decode(
        _ transactions: [Data], known: VerifiedBook? = nil
    ) async -> [Result<SignedTransaction, LedgerError>] {
        let share = max(leastShare, (transactions.count + cores * tasksPerCore - 1) / (cores * tasksPerCore))
        if transactions.count <= share { return transactions.map { decode($0, known) } }
        return await withTaskGroup(of: (Int, [Result<SignedTransaction, LedgerError>]).self) { group in
            let starts = Array(stride(from: 0, to: transactions.count, by: share))
            for start in starts {
                let part = transactions[start..<min(start + share, transactions.count)]
                group.addTask { (start / share, part.map { decode($0, known) }) }
            }
            var parts = Array(repeating: [Result<SignedTransaction, LedgerError>](), count: starts.count)
            for await (index, part) in group { parts[index] = part }
            return Array(parts.joined())
        }
    }

    /// The entries with their transactions checked, in the given order.
    static func check(_ entries: [Entry], known: VerifiedBook?) async -> [CheckedEntry] {
        let results = await decode(entries.flatMap(\.transactions), known: known)
        var start = 0
        return entries.map { entry in
            defer { start += entry.transactions.count }
            return CheckedEntry(entry, transactions: Array(results[start..<start + entry.transactions.count]))
        }
    }

    private static func decode(_ bytes: Data, _ known: VerifiedBook?) -> Result<SignedTransaction, LedgerError> {
        if let transaction = known?.transaction(bytes) { return .success(transaction) }
        do throws(LedgerError) {
            return .success(try SignedTransaction(decoding: bytes))
        } catch {
            return .failure(error)
        }
    }
}
