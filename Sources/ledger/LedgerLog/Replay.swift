import Foundation
import Ledger

/// Rebuilds the state from a log. The next page is read and verified while one is carried out.
struct Replay {
    let log: any LedgerLog
    let settings: LedgerKeeper.Settings

    /// The state after the last entry that could be verified, and why it is not the log's last, if so.
    ///
    /// - Parameter onEntry: Told of the state after each entry, and the newest certificate in it.
    /// - Throws: What the log throws if it cannot be read.
    func run(
        _ start: LedgerState, onEntry: (LedgerState, Certificate?) -> Void = { _, _ in }
    ) async throws -> (LedgerState, LedgerLogError?) {
        let reader = PageReader(log: log, settings: settings)
        var state = start
        var page = try await reader.page(from: state.sequence &+ 1)
        while true {
            let present = page
            async let following = present.isLast ? present : reader.page(from: present.next)
            for checked in present.entries {
                let before = state
                let outcomes: [Outcome]
                do throws(LedgerError) {
                    outcomes = try state.apply(checked)
                } catch {
                    return (state, diverged(state.sequence &+ 1, "\(error)"))
                }
                let pairs = zip(checked.transactions.map { try? $0.get() }, outcomes)
                onEntry(state, Certification(pairs, from: before, to: state).certificate)
            }
            if let fault = present.fault { return (state, diverged(present.next, fault)) }
            if present.isLast { break }
            page = try await following
        }
        let head = try await log.head()
        guard head.sequence == state.sequence, head.hash == state.headHash else {
            let reason = "the log ends at \(head.sequence) with \(head.hash), the replay with \(state.headHash)"
            return (state, diverged(state.sequence &+ 1, reason))
        }
        return (state, nil)
    }

    private func diverged(_ sequence: UInt64, _ reason: String) -> LedgerLogError {
        LedgerLogError(
            .diverged,
            "The log cannot be replayed at entry \(sequence): \(reason). "
                + "Replace it with a sound copy, or remove it on a follower to fetch it again")
    }
}
