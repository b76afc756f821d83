import Foundation
import Ledger
import LedgerLog
import Synchronization

/// A log in front of another that fails on demand, and that keeps the other's folder.
final class FaultyLog: LedgerLog {
    enum Fault { case none, beforeWrite, afterWrite, beforeWriteAndAtHead }

    private let inner: any LedgerLog
    private let fault = Mutex(Fault.none)
    private let delay: Duration
    private let folder: TemporaryFolder?

    init(_ inner: any LedgerLog, delay: Duration = .zero, folder: TemporaryFolder? = nil) {
        self.inner = inner
        self.folder = folder
        self.delay = delay
    }

    func fail(_ fault: Fault) { self.fault.withLock { $0 = fault } }

    private var isFailingAtHead: Bool {
        fault.withLock { fault in
            if case .beforeWriteAndAtHead = fault { true } else { false }
        }
    }

    private struct DiskFailure: Error {}

    func head() async throws -> LogHead {
        if isFailingAtHead { throw DiskFailure() }
        return try await inner.head()
    }

    func append(_ record: LogRecord) async throws {
        if delay > .zero { try await Task.sleep(for: delay) }
        switch fault.withLock({ $0 }) {
        case .none: try await inner.append(record)
        case .beforeWrite, .beforeWriteAndAtHead: throw DiskFailure()
        case .afterWrite:
            try await inner.append(record)
            throw DiskFailure()
        }
    }

    func entries(from sequence: UInt64, limit: Int, byteLimit: Int) async throws -> [Data] {
        try await inner.entries(from: sequence, limit: limit, byteLimit: byteLimit)
    }

    func applied(_ id: TransactionID) async throws -> AppliedTransaction? { try await inner.applied(id) }

    func close() async throws { try await inner.close() }
}
