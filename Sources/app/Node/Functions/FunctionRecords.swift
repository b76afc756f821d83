import FunctionLogs
import Functions
import Logging

/// What is kept of functions' calls: logs, recordings, and the outcomes that decide about rolling back.
struct FunctionRecords: Sendable {
    let logs: FunctionLogStore
    let recordings: NodeRecordings
    let rollouts: RolloutKeeper

    /// - Parameters:
    ///   - sync: Brings what is rolled back to the ledger.
    ///   - paid: Hears what each call cost.
    ///   - worker: The `skerry-worker` executable.
    init(
        _ base: NodeBase, _ network: NetworkParts, _ functions: FunctionParts, sync: LedgerSync, paid: PaidCalls,
        in folder: NodeFolder, worker: String
    ) throws {
        let logger = base.logger(for: "functions")
        let logs = FunctionLogStore(path: folder.functionLogs, logger: logger)
        self.logs = logs
        recordings = NodeRecordings(
            key: base.key, keeper: base.keeper, releases: functions.releases, receipts: functions.receipts, logs: logs,
            worker: worker, host: functions.host)
        let console = base.logger(for: "console")
        functions.pool.onLog = { version, line in
            var metadata: Logger.Metadata = ["app": "\(version.tenant)", "release": "\(version.release)"]
            if let request = line.requestID { metadata["request"] = "\(request)" }
            console.log(level: line.level, "\(line.text)", metadata: metadata)
            logs.add(FunctionLogRecord(version, line), to: version.tenant)
        }
        let outcomes = ReleaseOutcomes()
        functions.pool.onOutcome = { version, outcome in
            outcomes.add(version, status: outcome.status, error: outcome.error)
            paid.used(outcome.requestID, cpuMicroseconds: outcome.cpuMicroseconds)
            logs.add(FunctionLogRecord(version, outcome), to: version.tenant)
        }
        rollouts = try RolloutKeeper(
            node: base.node, keeper: base.keeper, peers: network.peers, folder: folder.rollouts, outcomes: outcomes,
            submit: { _ = try await sync.submit($0) },
            report: { version, text in
                let line = FunctionLogLine(level: .error, text: text, requestID: nil)
                logs.add(FunctionLogRecord(version, line), to: version.tenant)
            }, logger: logger)
    }
}
