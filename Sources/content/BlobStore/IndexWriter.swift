import Identity
import NIOPosix
import Synchronization

/// Group commit: changes that are asked for while a transaction runs share the next one.
///
/// Changes are applied in the order of `enqueue`. `applied` runs once for each group, before anybody is told.
final class IndexWriter: Sendable {
    typealias Completion = @Sendable (Result<Void, BlobStoreError>) -> Void

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
    private let applied: @Sendable ([BlobIndex.Effect]) -> Void
    private let queue = Mutex(Queue())
    /// Held while a group is applied: transactions happen one after the other, in order.
    private let turn = Mutex(())

    init(index: BlobIndex, threadPool: NIOThreadPool, applied: @escaping @Sendable ([BlobIndex.Effect]) -> Void) {
        self.index = index
        self.threadPool = threadPool
        self.applied = applied
    }

    /// Asks for a change; `completion` runs on some thread when the change is durable, or has failed.
    func enqueue(_ change: BlobIndex.Change, completion: @escaping Completion) {
        let (isClosed, mustSchedule) = queue.withLock { queue in
            if queue.isClosed { return (true, false) }
            queue.requests.append(Request(change: change, completion: completion))
            defer { queue.isScheduled = true }
            return (false, !queue.isScheduled)
        }
        if isClosed { return completion(.failure(.storeClosed)) }
        guard mustSchedule else { return }
        threadPool.submit { state in
            if case .active = state { self.drain() } else { self.close() }
        }
    }

    /// Applies everything that waits; blocks.
    func drain() {
        turn.withLock { _ in
            while let group = nextGroup() {
                do {
                    applied(try index.apply(group.map(\.change)))
                    for request in group { request.completion(.success(())) }
                } catch {
                    let failure = BlobStoreError.index("write", "of the blob store", error)
                    for request in group { request.completion(.failure(failure)) }
                }
            }
        }
    }

    /// Applies what waits and refuses what comes; blocks.
    func close() {
        queue.withLock { $0.isClosed = true }
        drain()
    }

    private func nextGroup() -> [Request]? {
        queue.withLock { queue in
            if queue.requests.isEmpty {
                queue.isScheduled = false
                return nil
            }
            let group = Array(queue.requests.prefix(Self.maxGroup))
            queue.requests.removeFirst(group.count)
            return group
        }
    }
}
