public import NIOCore
import Synchronization

/// Runs the steps of tasks on an event loop. A task that asks for nothing but futures of that loop then changes no thread,
/// which costs more than what most of its steps do.
final class EventLoopExecutor: TaskExecutor {
    /// Of loops that are kept for ever, as those of a process are.
    private static let known = Mutex<[ObjectIdentifier: EventLoopExecutor]>([:])

    private let eventLoop: any EventLoop

    private init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    static func of(_ eventLoop: any EventLoop) -> EventLoopExecutor {
        known.withLock { known in
            let id = ObjectIdentifier(eventLoop)
            if let executor = known[id] { return executor }
            let executor = EventLoopExecutor(eventLoop)
            known[id] = executor
            return executor
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

extension EventLoop {
    /// As `makeFutureWithTask`, with the steps of `body` on this loop wherever nothing else is asked for: they must be short
    /// and must not block.
    public func makeFutureHere<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) -> EventLoopFuture<Value> {
        let promise = makePromise(of: Value.self)
        Task(executorPreference: EventLoopExecutor.of(self)) {
            do { promise.succeed(try await body()) } catch { promise.fail(error) }
        }
        return promise.futureResult
    }
}
