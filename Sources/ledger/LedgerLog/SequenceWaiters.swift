import Synchronization

/// Callers that wait until the ledger reaches a sequence, and subscribers that want to hear of every step.
final class SequenceWaiters: Sendable {
    private struct Table {
        var reached: UInt64
        var isClosed = false
        var nextID: UInt64 = 0
        var waiting: [UInt64: (sequence: UInt64, continuation: CheckedContinuation<Bool, Never>)] = [:]
        var subscribers: [UInt64: AsyncStream<UInt64>.Continuation] = [:]

        mutating func makeID() -> UInt64 {
            nextID &+= 1
            return nextID
        }
    }

    private let table: Mutex<Table>
    private let maxWaiters: Int
    private let maxSubscribers: Int

    init(reached: UInt64, maxWaiters: Int, maxSubscribers: Int) {
        table = Mutex(Table(reached: reached))
        self.maxWaiters = maxWaiters
        self.maxSubscribers = maxSubscribers
    }

    /// Whether `sequence` was reached in time. False at once if too many wait; false on cancellation.
    func wait(for sequence: UInt64, timeout: Duration, clock: any Clock<Duration>) async -> Bool {
        if table.withLock({ $0.reached >= sequence }) { return true }
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask { await self.suspend(until: sequence) }
            group.addTask {
                try? await clock.sleep(for: timeout)
                return false
            }
            let isReached = await group.next() ?? false
            group.cancelAll()
            return isReached
        }
    }

    /// Every sequence reached from now on; a slow reader gets the newest only. Finished at once if too many listen.
    func subscribe() -> AsyncStream<UInt64> {
        let (stream, continuation) = AsyncStream.makeStream(of: UInt64.self, bufferingPolicy: .bufferingNewest(1))
        let id = table.withLock { table -> UInt64? in
            guard !table.isClosed, table.subscribers.count < maxSubscribers else { return nil }
            let id = table.makeID()
            table.subscribers[id] = continuation
            return id
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            self?.table.withLock { _ = $0.subscribers.removeValue(forKey: id) }
        }
        return stream
    }

    /// Wakes whoever waits for `sequence` or less, and tells the subscribers.
    func advance(to sequence: UInt64) {
        let (ready, subscribers) = table.withLock { table in
            table.reached = max(table.reached, sequence)
            let ready = table.waiting.filter { $0.value.sequence <= sequence }
            for id in ready.keys { table.waiting[id] = nil }
            return (ready.values.map(\.continuation), Array(table.subscribers.values))
        }
        for continuation in ready { continuation.resume(returning: true) }
        for subscriber in subscribers { subscriber.yield(sequence) }
    }

    /// Sends everybody home.
    func close() {
        let (waiting, subscribers) = table.withLock { table in
            table.isClosed = true
            defer {
                table.waiting = [:]
                table.subscribers = [:]
            }
            return (table.waiting.values.map(\.continuation), Array(table.subscribers.values))
        }
        for continuation in waiting { continuation.resume(returning: false) }
        for subscriber in subscribers { subscriber.finish() }
    }

    private func suspend(until sequence: UInt64) async -> Bool {
        let id = table.withLock { $0.makeID() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = table.withLock { table -> Bool? in
                    if table.reached >= sequence { return true }
                    // Cancellation is flagged before its handler runs, so it is seen either here or by the handler.
                    guard !table.isClosed, !Task.isCancelled, table.waiting.count < maxWaiters else { return false }
                    table.waiting[id] = (sequence, continuation)
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = table.withLock { $0.waiting.removeValue(forKey: id) }
            waiter?.continuation.resume(returning: false)
        }
    }
}
