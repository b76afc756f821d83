import GRDB
import Synchronization

/// Group commit: changes that are asked for while a transaction runs share the next one.
///
/// Changes are applied in the order in which they come. One that is refused does not touch the others of its group.
final class KVWriter: Sendable {
    enum Change: Sendable {
        case put(app: String, namespace: String, key: String, KVEntry)
        case delete(app: String, namespace: String, key: String)

        var app: String {
            switch self {
            case .put(let app, _, _, _), .delete(let app, _, _): app
            }
        }
    }

    private struct Request: Sendable {
        let change: Change
        let continuation: CheckedContinuation<KVStamp?, any Error>
    }

    private struct Queue {
        var requests: [Request] = []
        var waiting: [String: Int] = [:]
        var isRunning = false
        var isClosed = false
        /// Told when nothing waits any more.
        var closers: [CheckedContinuation<Void, Never>] = []

        mutating func release(_ app: String) {
            let left = waiting[app, default: 0] - 1
            waiting[app] = left > 0 ? left : nil
        }
    }

    private let pool: DatabasePool
    private let settings: KVSettings
    private let queue = Mutex(Queue())

    init(_ pool: DatabasePool, settings: KVSettings) {
        self.pool = pool
        self.settings = settings
    }

    /// Applies a change; it is on the disk when this returns. Not cancellable: a change that waits is made.
    ///
    /// - Returns: Its stamp; nil if there was nothing to change.
    func apply(_ change: Change) async throws -> KVStamp? {
        try await withCheckedThrowingContinuation { continuation in
            let refusal = queue.withLock { queue -> KVError? in
                if queue.isClosed { return KVError(.closed, "the key-value store is closed") }
                let waiting = queue.waiting[change.app, default: 0]
                guard waiting < settings.maxWaitingPerApp else {
                    return KVError(.overloaded, "\(waiting) changes of the app wait for the disk; try again")
                }
                queue.waiting[change.app] = waiting + 1
                queue.requests.append(Request(change: change, continuation: continuation))
                return nil
            }
            if let refusal { continuation.resume(throwing: refusal) } else { drain() }
        }
    }

    /// Refuses what comes from now on, and returns when all that waits is applied.
    func close() async {
        await withCheckedContinuation { continuation in
            let isIdle = queue.withLock { queue in
                queue.isClosed = true
                let isIdle = !queue.isRunning && queue.requests.isEmpty
                if !isIdle { queue.closers.append(continuation) }
                return isIdle
            }
            if isIdle { continuation.resume() }
        }
    }

    /// Applies what waits, unless somebody is at it.
    private func drain() {
        let group = queue.withLock { queue -> [Request] in
            guard !queue.isRunning, !queue.requests.isEmpty else { return [] }
            queue.isRunning = true
            let group = Array(queue.requests.prefix(max(1, settings.maxGroup)))
            queue.requests.removeFirst(group.count)
            return group
        }
        if group.isEmpty { return }
        pool.asyncWrite { [settings] database in
            let rows = KVRows(database)
            return try group.map { request in
                do {
                    return Result<KVStamp?, KVError>.success(try Self.apply(request.change, to: rows, settings))
                } catch let refusal as KVError {
                    return Result<KVStamp?, KVError>.failure(refusal)
                }
            }
        } completion: { [self] _, result in
            let closers = queue.withLock { queue in
                queue.isRunning = false
                for request in group { queue.release(request.change.app) }
                guard queue.requests.isEmpty else { return [CheckedContinuation<Void, Never>]() }
                defer { queue.closers = [] }
                return queue.closers
            }
            switch result {
            case .success(let results):
                for (request, result) in zip(group, results) { request.continuation.resume(with: result) }
            case .failure(let error):
                for request in group { request.continuation.resume(throwing: KVError.database(error)) }
            }
            drain()
            for closer in closers { closer.resume() }
        }
    }

    private static func apply(_ change: Change, to rows: KVRows, _ settings: KVSettings) throws -> KVStamp? {
        switch change {
        case .put(let app, let namespace, let key, let entry):
            return try rows.put(app: app, namespace: namespace, key: key, entry: entry, settings: settings)
        case .delete(let app, let namespace, let key):
            return try rows.delete(app: app, namespace: namespace, key: key, settings: settings)
        }
    }
}
