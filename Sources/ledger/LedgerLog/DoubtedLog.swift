import Foundation
import Ledger

/// A shared log whose nonsense is told apart from trouble with this node's own files.
struct DoubtedLog: LedgerLog {
    /// The engine holds something that cannot be this log's.
    struct Nonsense: Error {
        let message: String
    }

    let log: any LedgerLog

    private func judging<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as LedgerLogError where error.code == .logUnusable {
            throw Nonsense(message: error.message)
        }
    }

    func head() async throws -> LogHead { try await judging { try await log.head() } }

    func append(_ record: LogRecord) async throws { try await judging { try await log.append(record) } }

    func entries(from sequence: UInt64, limit: Int, byteLimit: Int) async throws -> [Data] {
        try await judging { try await log.entries(from: sequence, limit: limit, byteLimit: byteLimit) }
    }

    func page(from sequence: UInt64, limit: Int, byteLimit: Int) async throws -> LogPage {
        try await judging { try await log.page(from: sequence, limit: limit, byteLimit: byteLimit) }
    }

    func base() async throws -> LogBase? { try await judging { try await log.base() } }

    func truncate(to base: LogBase) async throws { try await judging { try await log.truncate(to: base) } }

    func wakeUps() -> AsyncStream<Void> { log.wakeUps() }

    func close() async throws { try await log.close() }
}
