import ControlAPI
import ControlModel
import Foundation
import FunctionLogs
import Functions
import Identity
import Ledger
import LedgerLog
import Logging
import NIOCore

/// What a developer sees of functions on this node.
extension NodeControl {
    func functionLogs(
        of name: String, by account: AccountID, after sequence: UInt64, limit: Int, wait: Duration
    ) async throws -> FunctionLogPage {
        _ = try keeper.state.owned(name, by: account, "reads its logs")
        let records = await functionLogs.records(of: "\(account)/\(name)", after: sequence, limit: limit, wait: wait)
        return FunctionLogPage(
            node: node.description, records: records, next: records.last?.sequence ?? sequence)
    }

    func keepRollback(_ order: ByteBuffer, of name: String, by account: AccountID) async throws -> RollbackReceipt {
        _ = try keeper.state.owned(name, by: account, "has its releases watched")
        do {
            let nodes = try await rollouts.spread(Data(order.readableBytesView), by: account)
            return RollbackReceipt(nodes: nodes.map(\.description))
        } catch {
            throw NodeControl.explained(error)
        }
    }

    func automaticRollback(of name: String) async throws -> RollbackReport {
        let app: AppName
        do { app = try AppName(checking: name) } catch { throw NodeControl.explained(error) }
        return RollbackReport(last: await rollouts.last(app))
    }
}

extension FunctionLogRecord {
    /// A line that a function wrote.
    init(_ version: FunctionVersion, _ line: FunctionLogLine) {
        self.init(
            time: FunctionLogRecord.now, kind: .line, level: Level(line.level), release: version.release,
            request: line.requestID, text: line.text)
    }

    /// How a request ended.
    init(_ version: FunctionVersion, _ outcome: FunctionOutcome) {
        self.init(
            time: FunctionLogRecord.now, kind: .outcome,
            level: outcome.error == nil && outcome.status.map { $0 < 500 } ?? true ? .info : .error,
            release: version.release, request: outcome.requestID, text: outcome.error?.message ?? "")
        method = outcome.method
        url = outcome.url
        status = outcome.status
        code = outcome.error?.code.rawValue
        wallMicroseconds = Int64(clamping: outcome.wallNanoseconds / 1_000)
        cpuMicroseconds = outcome.cpuMicroseconds.map(Int64.init)
    }

    private static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }
}

extension FunctionLogRecord.Level {
    fileprivate init(_ level: Logger.Level) {
        self =
            switch level {
            case .trace, .debug: .debug
            case .info, .notice: .info
            case .warning: .warning
            case .error, .critical: .error
            }
    }
}
