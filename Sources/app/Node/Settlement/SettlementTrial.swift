import Foundation
import Ledger
import Peering

/// Tries what makes the ledger hash for long on a copy of it, before it is ordered: links that are many steps behind the last
/// ones, and evidence of a false settlement.
///
/// A refusal costs its sender nothing, and the sequencer's one thread up to a quarter of a second. Here it costs a thread of
/// low priority, one at a time; what is refused on the copy never gets to the sequencer. What is not is carried out twice.
actor SettlementTrial {
    /// Steps up to which links go to the ledger at once: some milliseconds. A node reveals no more as long as it can prove.
    static let leastSteps: UInt64 = 8_192
    /// Transactions that may wait for their turn.
    static let maxWaiting = 16

    private var last: Task<Void, Never>?
    private var waiting = 0

    /// Whether carrying it out, or refusing it, may take long.
    static func isLong(_ action: LedgerAction) -> Bool {
        switch action {
        case .submitFault(.falseSettlement): true
        case .settleChannels(let settlements, _):
            settlements.reduce(UInt64(0)) { sum, settlement in
                guard case .reveal(_, let steps) = settlement.lane else { return sum }
                let (total, overflow) = sum.addingReportingOverflow(steps)
                return overflow ? .max : total
            } > leastSteps
        default: false
        }
    }

    /// - Parameter state: Gives the ledger as it is when the transaction's turn comes.
    /// - Throws: ``LedgerError`` with what the copy refused, `PeerError` `.busy` if too many wait, or if an earlier
    ///   transaction of the signer has to come first.
    func check(_ transaction: SignedTransaction, _ state: @escaping @Sendable () -> LedgerState) async throws {
        guard SettlementTrial.isLong(transaction.action) else { return }
        guard waiting < SettlementTrial.maxWaiting else {
            throw PeerError(.busy, "\(waiting) long transactions are tried already; submit again in a moment")
        }
        waiting += 1
        defer { waiting -= 1 }
        let before = last
        let own = Task {
            await before?.value
            return try await LowPriority.run { _ in
                var copy = state()
                return copy.execute(transaction, timeMilliseconds: copy.timeMilliseconds)
            }
        }
        last = Task { _ = await own.result }
        guard let refusal = try await own.value.refusal else { return }
        guard refusal.code == .badNonce else { throw refusal }
        // One that was applied before is answered by the ledger. One that is ahead would be tried there for the first time.
        guard transaction.nonce <= state().nonce(of: transaction.signer) else {
            throw PeerError(.busy, "An earlier transaction of \(transaction.signer) is on its way; submit again")
        }
    }
}
