import Foundation
import Ledger

/// Rebuilds the state from a log.
struct Replay {
    let log: any LedgerLog
    let settings: LedgerKeeper.Settings

    /// The state after the last entry that could be verified, and why it is not the log's last, if so.
    ///
    /// - Throws: What the log throws if it cannot be read.
    func run(_ genesis: Genesis) async throws -> (LedgerState, LedgerLogError?) {
        var state = LedgerState(genesis: genesis)
        while true {
            let page = try await log.entries(
                from: state.sequence + 1, limit: settings.maxPageEntries, byteLimit: settings.maxPageBytes)
            if page.isEmpty { break }
            var entries: [Entry] = []
            var unreadable: LedgerError?
            for bytes in page {
                do throws(LedgerError) {
                    entries.append(try Entry(decoding: bytes))
                } catch {
                    unreadable = error
                    break
                }
            }
            for checked in await EntryChecks.run(entries) {
                do throws(LedgerError) {
                    try state.apply(checked)
                } catch {
                    return (state, diverged(state.sequence + 1, "\(error)"))
                }
            }
            if let unreadable { return (state, diverged(state.sequence + 1, "\(unreadable)")) }
        }
        let head = try await log.head()
        guard head.sequence == state.sequence, head.hash == state.headHash else {
            let reason = "the log ends at \(head.sequence) with \(head.hash), the replay with \(state.headHash)"
            return (state, diverged(state.sequence + 1, reason))
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
