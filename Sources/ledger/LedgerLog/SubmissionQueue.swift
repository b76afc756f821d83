import Ledger

/// The results of one call's transactions, given when the last one is there.
///
/// Belongs to the keeper's actor.
final class PendingResults {
    typealias Results = [Result<SubmitResult, any Error>]

    private var results: [Result<SubmitResult, any Error>?]
    private var missing: Int
    private let continuation: CheckedContinuation<Results, Never>

    /// - Parameter count: At least 1.
    init(count: Int, _ continuation: CheckedContinuation<Results, Never>) {
        results = Array(repeating: nil, count: count)
        missing = count
        self.continuation = continuation
    }

    /// Each index once.
    func resolve(_ index: Int, _ result: Result<SubmitResult, any Error>) {
        results[index] = result
        missing -= 1
        if missing == 0 { continuation.resume(returning: results.compactMap { $0 }) }
    }
}

/// Transactions that wait for their entry, and who waits for their results.
struct SubmissionQueue {
    /// First come, first served, from `start` on.
    private var queue: [SignedTransaction] = []
    private var start = 0
    private var waiting: [TransactionID: [(call: PendingResults, index: Int)]] = [:]
    /// Results that somebody waits for.
    private(set) var waiterCount = 0
    /// The queued transactions' bytes.
    private(set) var byteCount = 0

    /// The transaction that is next.
    var first: SignedTransaction? { start < queue.count ? queue[start] : nil }

    /// Whether the transaction is queued or being written.
    func isWaiting(_ id: TransactionID) -> Bool { waiting[id] != nil }

    /// Adds a transaction, or only its caller if the same one waits already.
    mutating func add(_ transaction: SignedTransaction, _ call: PendingResults, _ index: Int) {
        waiterCount += 1
        if waiting[transaction.id] == nil {
            queue.append(transaction)
            byteCount += transaction.bytes.count
        }
        waiting[transaction.id, default: []].append((call, index))
    }

    /// Takes the next transaction off the queue; whoever waits for it still does.
    mutating func removeFirst() {
        guard let first else { return }
        byteCount -= first.bytes.count
        start += 1
        // Moving the rest only when it is the smaller half costs each transaction one move at most, on average.
        if start >= queue.count - start {
            queue.removeFirst(start)
            start = 0
        }
    }

    /// Puts transactions that somebody still waits for in front again, in their order.
    mutating func putBack(_ transactions: [SignedTransaction]) {
        let back = transactions.filter { waiting[$0.id] != nil }
        queue.replaceSubrange(0..<start, with: back)
        start = 0
        byteCount += back.reduce(0) { $0 + $1.bytes.count }
    }

    /// Answers everybody who waits for a transaction.
    mutating func answer(_ id: TransactionID, _ result: Result<SubmitResult, any Error>) {
        let waiters = waiting.removeValue(forKey: id) ?? []
        waiterCount -= waiters.count
        for waiter in waiters { waiter.call.resolve(waiter.index, result) }
    }

    /// Answers everybody with an error and forgets all.
    mutating func failAll(_ error: any Error) {
        let waiters = waiting.values.joined()
        self = SubmissionQueue()
        for waiter in waiters { waiter.call.resolve(waiter.index, .failure(error)) }
    }
}
