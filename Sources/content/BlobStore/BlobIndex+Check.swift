import Dispatch
import GRDB
import Synchronization

extension BlobIndex {
    /// Problems that a check names; more are not looked for.
    static let maxProblems = 100

    /// What SQLite finds wrong in the index's file: pages that cannot be read, broken trees, rows out of order. Nil when
    /// the time was not enough. Others read and write meanwhile.
    ///
    /// On a thread of its own, since it may take minutes.
    ///
    /// - Throws: `.closed`, also when the index closes meanwhile, and `.indexFailed` when it cannot be opened.
    func check(timeLimit: Duration) async throws -> [String]? {
        try await withCheckedThrowingContinuation { waiter in
            DispatchQueue.global(qos: .utility).async {
                waiter.resume(with: Result { try self.checkNow(timeLimit: timeLimit) })
            }
        }
    }

    private func checkNow(timeLimit: Duration) throws -> [String]? {
        try whileOpen {
            var configuration = Configuration()
            configuration.label = "blobs-check"
            configuration.readonly = true
            let queue: DatabaseQueue
            do { queue = try DatabaseQueue(path: path, configuration: configuration) } catch {
                throw BlobStoreError.index("check", path, error)
            }
            let timer = DispatchWorkItem { queue.interrupt() }
            let milliseconds = Int(clamping: min(timeLimit.clampedMilliseconds, Self.longestCheckMilliseconds))
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds), execute: timer)
            checking.withLock { $0 = queue }
            defer {
                checking.withLock { $0 = nil }
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

    /// A day.
    private static let longestCheckMilliseconds: Int64 = 86_400_000
}
