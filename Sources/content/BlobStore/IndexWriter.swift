import Identity
import NIOPosix
import Synchronization

/// Group commit: changes that are asked for while a transaction runs share the next one.
///
/// Changes are applied in the order of `enqueue`. `applied` runs once for each group, before anybody is told.
final class IndexWriter: Sendable {
    typealias Completion = @Sendable (Result<BlobIndex.Effect, BlobStoreError>) -> Void

    private struct Request: Sendable {
        let change: BlobIndex.Change
        let completion: Completion
    }

    private struct Queue {
        var requests: [Request] = []
        var isScheduled = false
        var isClosed = false
    }

    /// Changes of one transaction; with blobs of at most the inline limit that is some 64 MiB in the worst case.
    private static let maxGroup = 4096

    private let index: BlobIndex
    private let threadPool: NIOThreadPool
    private let time: StoreTime
    private let applied: @Sendable ([BlobIndex.Effect], IndexTotals) -> Void
    private let queue = Mutex(Queue())
    /// Held while a group is applied: transactions happen one after the other, in order.
    private let turn = Mutex(())

    init(
        index: BlobIndex, threadPool: NIOThreadPool, time: StoreTime,
        applied: @escaping @Sendable ([BlobIndex.Effect], IndexTotals) -> Void
    ) {
        self.index = index
        self.threadPool = threadPool
        self.time = time
        self.applied = applied
    }

    /// Asks for a change; somebody must call `schedule` or `drain` afterwards.
    ///
    /// Never runs `completion` itself, so it may be called with locks held that the completion takes. That runs on
    /// some thread when the change is durable, or has failed.
    func enqueue(_ change: BlobIndex.Change, completion: @escaping Completion) {
        queue.withLock { $0.requests.append(Request(change: change, completion: completion)) }
    }

    /// Has the thread pool apply what waits; this thread does it where the pool has stopped.
    func schedule() {
        let mustSubmit = queue.withLock { queue in
            defer { queue.isScheduled = true }
            return !queue.isScheduled
        }
        if mustSubmit { threadPool.submit { _ in self.drain() } }
    }

    /// Applies everything that waits; blocks.
    func drain() {
        turn.withLock { _ in
            while let (group, isClosed) = nextGroup() {
                do {
                    if isClosed { throw BlobStoreError.storeClosed }
                    let (effects, totals) = try index.apply(group.map(\.change), at: time.now)
                    applied(effects, totals)
                    for (request, effect) in zip(group, effects) { request.completion(.success(effect)) }
                } catch {
                    let failure = BlobStoreError.index("write", "of the blob store", error)
                    for request in group { request.completion(.failure(failure)) }
                }
            }
        }
    }

    /// Applies what waits and refuses what comes; blocks.
    func close() {
        drain()
        queue.withLock { $0.isClosed = true }
        drain()
    }

    private func nextGroup() -> (requests: [Request], isClosed: Bool)? {
        queue.withLock { queue in
            if queue.requests.isEmpty {
                queue.isScheduled = false
                return nil
            }
            let group = Array(queue.requests.prefix(Self.maxGroup))
            queue.requests.removeFirst(group.count)
            return (group, queue.isClosed)
        }
    }
}
