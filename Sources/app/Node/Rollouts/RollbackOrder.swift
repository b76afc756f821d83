import ControlModel
import Foundation
import Ledger

/// A roll-back that an app's owner signed when it promoted a release, to be carried out if that release turns out bad.
///
/// It is a transaction with the owner's next nonce, an end of its validity, and the release to go back to. So it can be
/// carried out only as long as the owner did nothing else, and the pair of releases is the one that it was signed for.
struct RollbackOrder: Hashable, Sendable {
    /// The longest that an order may be valid for.
    static let maxValidity: Int64 = 7 * 86_400_000

    let transaction: SignedTransaction
    let app: AppName
    let target: ReleaseID

    /// Reads an order and verifies its signature; whether it is good now is for ``suspect(_:now:)`` to say.
    ///
    /// - Throws: ``ControlFailure``; `LedgerError` for bytes that are no transaction.
    init(decoding bytes: Data) throws {
        let transaction = try SignedTransaction(decoding: bytes)
        guard case .rollBack(let app, let target?) = transaction.action, transaction.validUntilMilliseconds != nil
        else {
            throw ControlFailure(
                status: 422, code: "rollout/bad-order",
                message: "An order to roll back is a transaction that goes back to a release and has an end of validity"
            )
        }
        self.transaction = transaction
        self.app = app
        self.target = target
    }

    /// The release that the order is against: what visitors get in place of the target. Nil if the order cannot be
    /// carried out any more.
    ///
    /// - Parameter now: Milliseconds since 1970.
    func suspect(_ state: LedgerState, now: Int64) -> ReleaseID? {
        guard transaction.networkID == state.networkID, let record = state.name(app),
            transaction.signer == .account(record.owner),
            let account = state.account(record.owner), transaction.nonce == account.nonce + 1,
            let end = transaction.validUntilMilliseconds, end > now, end - now <= RollbackOrder.maxValidity
        else { return nil }
        if let candidate = record.candidate { return record.live == target ? candidate.release : nil }
        guard let live = record.live, live != target, record.previous == target else { return nil }
        return live
    }
}
