import Ledger
import Synchronization

/// Refusals on their way into the local log's index.
final class RefusalBook: Sendable {
    private struct Pages {
        /// Newest last.
        var waiting: [RecordedOutcome] = []
        /// What is being written.
        var writing: [RecordedOutcome] = []
    }

    /// Refusals that wait for the disk at most; older ones are not kept then. Whoever sends so many so fast asks for none.
    static let maxWaiting = 4_096

    private let pages = Mutex(Pages())

    func add(_ refusals: [RecordedOutcome]) {
        pages.withLock { pages in
            pages.waiting += refusals
            pages.waiting.removeFirst(max(0, pages.waiting.count - RefusalBook.maxWaiting))
        }
    }

    func outcome(of id: TransactionID) -> RecordedOutcome? {
        pages.withLock { $0.waiting.last { $0.id == id } ?? $0.writing.last { $0.id == id } }
    }

    /// What waits, which stays readable until ``endWriting()``.
    func beginWriting() -> [RecordedOutcome] {
        pages.withLock { pages in
            pages.writing = pages.waiting
            pages.waiting = []
            return pages.writing
        }
    }

    func endWriting() { pages.withLock { $0.writing = [] } }
}
