import Foundation
import LedgerLog
import Synchronization

/// A log in front of another one that does something whenever a page is read.
final class HookedLog: LedgerLog {
    /// What becomes of a page.
    typealias Hook = @Sendable (LogPage) async throws -> LogPage

    private let inner: any LedgerLog
    private let hook = Mutex<Hook>({ $0 })

    init(_ inner: any LedgerLog) { self.inner = inner }

    /// Has `hook` see each page that was read, before its reader does.
    func onPage(_ hook: @escaping Hook) { self.hook.withLock { $0 = hook } }

    func page(from sequence: UInt64, limit: Int, byteLimit: Int) async throws -> LogPage {
        let page = try await inner.page(from: sequence, limit: limit, byteLimit: byteLimit)
        let hook = hook.withLock { $0 }
        return try await hook(page)
    }

    func entries(from sequence: UInt64, limit: Int, byteLimit: Int) async throws -> [Data] {
        try await inner.entries(from: sequence, limit: limit, byteLimit: byteLimit)
    }

    func head() async throws -> LogHead { try await inner.head() }
    func append(_ record: LogRecord) async throws { try await inner.append(record) }
    func base() async throws -> LogBase? { try await inner.base() }
    func truncate(to base: LogBase) async throws { try await inner.truncate(to: base) }
    func wakeUps() -> AsyncStream<Void> { inner.wakeUps() }
    func close() async throws { try await inner.close() }
}
