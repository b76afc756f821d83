import Foundation
import Ledger
import LedgerLog
import Synchronization

/// A log in front of another that fails on demand, and that keeps the other's folder.
final class FaultyLog: LocalLedgerLog {
    enum Fault { case none, beforeWrite, beforeOneWrite, afterWrite, beforeWriteAndAtHead }

    private let inner: any LocalLedgerLog
    private let fault = Mutex(Fault.none)
    private let delay: Duration
    private let folder: TemporaryFolder?

    init(_ inner: any LocalLedgerLog, delay: Duration = .zero, folder: TemporaryFolder? = nil) {
        self.inner = inner
        self.folder = folder
        self.delay = delay
    }

    private let beforeEvidence = Mutex<@Sendable () -> Void>({})

    /// Calls `body` before evidence is kept.
    func onEvidence(_ body: @escaping @Sendable () -> Void) { beforeEvidence.withLock { $0 = body } }

    private let isHeld = Mutex(false)
    private let started = Mutex(0)

    /// Appends that began.
    var appends: Int { started.withLock { $0 } }

    /// Lets appends begin but not go on.
    func hold(_ isHeld: Bool) { self.isHeld.withLock { $0 = isHeld } }

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

    func append(_ records: [LogRecord]) async throws {
        started.withLock { $0 += 1 }
        if delay > .zero { try await Task.sleep(for: delay) }
        while isHeld.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
        switch fault.withLock({ $0 }) {
        case .none: try await inner.append(records)
        case .beforeWrite, .beforeWriteAndAtHead: throw DiskFailure()
        case .beforeOneWrite:
            fail(.none)
            throw DiskFailure()
        case .afterWrite:
            try await inner.append(records)
            throw DiskFailure()
        }
    }

    func entries(from sequence: UInt64, limit: Int, byteLimit: Int) async throws -> [Data] {
        try await inner.entries(from: sequence, limit: limit, byteLimit: byteLimit)
    }

    func base() async throws -> LogBase? { try await inner.base() }

    func truncate(to base: LogBase) async throws { try await inner.truncate(to: base) }

    func restart(at base: LogBase) async throws { try await inner.restart(at: base) }

    func outcome(of id: TransactionID) async throws -> RecordedOutcome? { try await inner.outcome(of: id) }

    func handovers(after epoch: UInt64, limit: Int) async throws -> [Handover] {
        try await inner.handovers(after: epoch, limit: limit)
    }

    func keep(_ handovers: [Handover]) async throws { try await inner.keep(handovers) }

    func keep(_ refusals: [RecordedOutcome]) async throws { try await inner.keep(refusals) }

    func evidence() async throws -> ForkEvidence? { try await inner.evidence() }

    func keep(_ evidence: ForkEvidence) async throws {
        let body = beforeEvidence.withLock { $0 }
        body()
        try await inner.keep(evidence)
    }

    func wakeUps() -> AsyncStream<Void> { inner.wakeUps() }

    func close() async throws { try await inner.close() }
}
