import Dispatch
import GRDB
import Synchronization

/// Set when a task that waits for a long look at the index is cancelled.
final class StopFlag: Sendable {
    private let flag = Atomic(false)

    var isSet: Bool { flag.load(ordering: .relaxed) }

    func set() { flag.store(true, ordering: .relaxed) }
}

extension BlobIndex {
    /// Problems that a check names; more are not looked for.
    static let maxProblems = 100
    /// A day.
    private static let longestCheck = Duration.seconds(86_400)
    /// Between two looks at whether a check should end.
    private static let checkPoll = DispatchTimeInterval.milliseconds(20)

    /// What SQLite finds wrong in the index's file: pages that cannot be read, broken trees, rows out of order. Nil when
    /// the time was not enough. Others read and write meanwhile.
    ///
    /// On a thread of its own, since it may take minutes. Cancellation ends it soon.
    ///
    /// - Throws: `.closed`, also when the index closes meanwhile, `.indexFailed` when it cannot be opened,
    ///   `CancellationError`.
    func check(timeLimit: Duration) async throws -> [String]? {
        try await onOwnThread { try self.checkNow(timeLimit: timeLimit, $0) }
    }

    /// Runs `body` on a thread that may wait for minutes; it must end soon when the flag is set.
    func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable (StopFlag) throws -> Value) async throws -> Value {
        let stop = StopFlag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiter in
                DispatchQueue.global(qos: .utility).async { waiter.resume(with: Result { try body(stop) }) }
            }
        } onCancel: {
            stop.set()
        }
    }

    private func checkNow(timeLimit: Duration, _ stop: StopFlag) throws -> [String]? {
        try whileOpen {
            var configuration = Configuration()
            configuration.label = "blobs-check"
            configuration.readonly = true
            let queue: DatabaseQueue
            do { queue = try DatabaseQueue(path: path, configuration: configuration) } catch {
                throw BlobStoreError.index("check", path, error)
            }
            // An interrupt that comes before the statement begins is lost: again and again, then.
            let deadline = ContinuousClock.now + min(timeLimit, Self.longestCheck)
            let timer = DispatchSource.makeTimerSource()
            timer.schedule(deadline: .now(), repeating: Self.checkPoll)
            timer.setEventHandler {
                if stop.isSet || self.isClosing || ContinuousClock.now >= deadline { queue.interrupt() }
            }
            timer.resume()
            defer {
                timer.cancel()
                try? queue.close()
            }
            do {
                let lines = try queue.read { database in
                    try String.fetchAll(database, sql: "PRAGMA quick_check(\(Self.maxProblems))")
                }
                return lines == ["ok"] ? [] : lines
            } catch let error as DatabaseError where error.resultCode == .SQLITE_INTERRUPT {
                if isClosing { throw BlobStoreError.storeClosed }
                if stop.isSet { throw CancellationError() }
                return nil
            } catch let error as DatabaseError
                where [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_IOERR].contains(error.resultCode)
            {
                return ["\(error)"]
            } catch {
                throw BlobStoreError.index("check", path, error)
            }
        }
    }
}
