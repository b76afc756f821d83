import Ledger

/// Transactions that wait for the log, and who waits for their results.
struct SubmissionQueue {
    typealias Answer = CheckedContinuation<SubmitResult, any Error>

    /// First come, first served, from `start` on.
    private var queue: [SignedTransaction] = []
    private var start = 0
    private var waiting: [TransactionID: [Answer]] = [:]
    /// Callers that wait for a result.
    private(set) var waiterCount = 0
    /// The queued transactions' bytes.
    private(set) var byteCount = 0

    var isEmpty: Bool { start == queue.count }

    /// Adds a transaction, or only its caller if the same one waits already.
    mutating func add(_ transaction: SignedTransaction, _ answer: Answer) {
        waiterCount += 1
        if waiting[transaction.id] == nil {
            queue.append(transaction)
            byteCount += transaction.bytes.count
        }
        waiting[transaction.id, default: []].append(answer)
    }

    /// The next transactions that fit into an entry.
    mutating func takeBatch() -> [SignedTransaction] {
        var batch: [SignedTransaction] = []
        var batchBytes = 0
        while start < queue.count, batch.count < Entry.maxTransactions {
            let transaction = queue[start]
            guard batchBytes + transaction.bytes.count <= Entry.maxBatchByteCount else { break }
            batchBytes += transaction.bytes.count
            batch.append(transaction)
            start += 1
        }
        byteCount -= batchBytes
        // Moving the rest only when it is the smaller half costs each transaction one move at most, on average.
        if start >= queue.count - start {
            queue.removeFirst(start)
            start = 0
        }
        return batch
    }

    /// Answers everybody who waits for a transaction.
    mutating func answer(_ id: TransactionID, _ result: Result<SubmitResult, any Error>) {
        let answers = waiting.removeValue(forKey: id) ?? []
        waiterCount -= answers.count
        for answer in answers { answer.resume(with: result) }
    }

    /// Answers everybody with an error and forgets all.
    mutating func failAll(_ error: any Error) {
        let answers = waiting.values.joined()
        self = SubmissionQueue()
        for answer in answers { answer.resume(throwing: error) }
    }
}
