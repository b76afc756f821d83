public import Foundation

/// An entry whose transactions' signatures have been looked at, which is most of the work of applying it.
///
/// It depends on no state, so entries can be checked ahead, in parallel.
public struct CheckedEntry: Sendable {
    public let entry: Entry
    /// In the entry's order: the transaction, or why its bytes are none.
    public let transactions: [Result<SignedTransaction, LedgerError>]

    /// Verifies every signature on the caller's thread: about 0.1 ms a transaction.
    public init(_ entry: Entry) {
        self.init(entry, known: [:])
    }

    /// As ``init(_:)``, but without verifying again what is in `known` by the same bytes.
    public init(_ entry: Entry, known: [Data: SignedTransaction]) {
        self.entry = entry
        transactions = entry.transactions.map { bytes in
            if let transaction = known[bytes] { return .success(transaction) }
            do throws(LedgerError) {
                return .success(try SignedTransaction(decoding: bytes))
            } catch {
                return .failure(error)
            }
        }
    }

    /// With transactions that were checked elsewhere, in the entry's order.
    package init(_ entry: Entry, transactions: [Result<SignedTransaction, LedgerError>]) {
        self.entry = entry
        self.transactions = transactions
    }
}
