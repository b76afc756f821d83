import Foundation
import Ledger

/// Reads a log page by page, verified as far as that needs no state.
struct PageReader {
    /// Entries that follow each other.
    struct Page {
        let entries: [CheckedEntry]
        /// Where the next page begins.
        let next: UInt64
        /// What is wrong with the entry at ``next``, if that is known already.
        let fault: String?
        /// Where the log ended then, as it says; nil if it does not.
        let head: LogHead?

        /// Whether there is nothing to read behind it.
        var isLast: Bool { entries.isEmpty || fault != nil || head.map { $0.sequence < next } == true }
    }

    let log: any LedgerLog
    let settings: LedgerKeeper.Settings
    /// Transactions that need not be verified.
    var verified: VerifiedBook?

    /// From `first` on; empty past the head.
    ///
    /// - Throws: What the log throws.
    func page(from first: UInt64) async throws -> Page {
        let page = try await log.page(
            from: first, limit: settings.maxPageEntries, byteLimit: settings.maxPageBytes)
        var entries: [Entry] = []
        var next = first
        var fault: String?
        for bytes in page.entries {
            do throws(LedgerError) {
                let entry = try Entry(decoding: bytes)
                guard entry.sequence == next else {
                    fault = "the log gave entry \(entry.sequence) in its place"
                    break
                }
                entries.append(entry)
                next &+= 1
            } catch {
                fault = "\(error)"
            }
            if fault != nil { break }
        }
        return Page(
            entries: await SignatureChecks.check(entries, known: verified), next: next, fault: fault, head: page.head)
    }
}
