import Foundation
import Ledger

/// Checks transactions' signatures of several entries in parallel.
enum EntryChecks {
    /// In the given order. One task an entry; the entries are already in memory, so their number is bounded.
    static func run(_ entries: [Entry]) async -> [CheckedEntry] {
        if entries.count == 1 { return entries.map { CheckedEntry($0) } }
        return await withTaskGroup(of: (Int, CheckedEntry).self) { group in
            for (index, entry) in entries.enumerated() { group.addTask { (index, CheckedEntry(entry)) } }
            var checked: [CheckedEntry?] = Array(repeating: nil, count: entries.count)
            for await (index, entry) in group { checked[index] = entry }
            return checked.compactMap { $0 }
        }
    }

    /// The index rows of what an entry applied.
    static func applied(_ checked: CheckedEntry, _ outcomes: [Outcome]) -> [AppliedTransaction] {
        zip(checked.transactions, outcomes).compactMap { transaction, outcome in
            guard case .success(let transaction) = transaction, case .applied(let release) = outcome else { return nil }
            return AppliedTransaction(id: transaction.id, sequence: checked.entry.sequence, release: release)
        }
    }
}
