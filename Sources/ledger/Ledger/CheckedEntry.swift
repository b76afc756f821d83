import Blake3
import Foundation
import Identity

/// An entry whose transactions' signatures have been looked at, which is most of the work of applying it.
///
/// It depends on no state, so entries can be checked ahead, in parallel.
public struct CheckedEntry: Sendable {
    public let entry: Entry
    /// In the entry's order: the transaction, or why its bytes are none.
    public let transactions: [Result<SignedTransaction, LedgerError>]
    /// Where the accounts are that signed, and those that are paid.
    let accounts: [Digest]

    /// Verifies every signature on the caller's thread: about 0.1 ms a transaction.
    public init(_ entry: Entry) {
        let transactions = entry.transactions.map { bytes -> Result<SignedTransaction, LedgerError> in
            do throws(LedgerError) {
                return .success(try SignedTransaction(decoding: bytes))
            } catch {
                return .failure(error)
            }
        }
        self.init(entry, transactions: transactions)
    }

    /// With transactions that were checked elsewhere, in the entry's order.
    package init(_ entry: Entry, transactions: [Result<SignedTransaction, LedgerError>]) {
        self.entry = entry
        self.transactions = transactions
        var accounts: [Digest] = []
        accounts.reserveCapacity(2 * transactions.count)
        for case .success(let transaction) in transactions {
            if case .account(let id) = transaction.signer { accounts.append(id.digest) }
            if case .transfer(let recipient, _) = transaction.action { accounts.append(recipient.digest) }
        }
        self.accounts = accounts
    }
}
