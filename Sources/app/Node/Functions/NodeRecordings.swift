import ControlModel
import Foundation
import FunctionLogs
import Functions
import Identity
import Ledger
import LedgerLog
import Logging
import Manifests
import NIOCore
import Recordings
import Replay
import Synchronization
import WorkerProtocol

/// Records invocations of apps on this node, and runs recordings of other nodes again.
final class NodeRecordings: Sendable {
    /// Recordings and replays that may go on at once: each has a worker of its own, beside the pool's.
    private static let maxRunning = 2

    private let key: SigningKey
    private let keeper: LedgerKeeper
    private let releases: FunctionReleases
    private let receipts: ReceiptBook
    private let logs: FunctionLogStore
    private let recorder: InvocationRecorder
    private let replayer: Replayer
    private let running = Mutex(0)

    init(
        key: SigningKey, keeper: LedgerKeeper, releases: FunctionReleases, receipts: ReceiptBook,
        logs: FunctionLogStore, worker: String, host: any FunctionHost
    ) {
        self.key = key
        self.keeper = keeper
        self.releases = releases
        self.receipts = receipts
        self.logs = logs
        recorder = InvocationRecorder(workerPath: worker, host: host)
        replayer = Replayer(workerPath: worker)
    }

    /// Runs and records one invocation of a release, and signs it.
    ///
    /// - Returns: The recording, and its receipt's id.
    func record(
        _ release: ReleaseRecord, of app: AppName, _ input: Recording.Input
    ) async throws -> (SignedRecording, receipt: String) {
        guard let found = releases.release(release.id.description, of: app.description) else {
            throw FunctionError(.loadFailed, "The release \(release.id) of \(app) is gone")
        }
        let loaded = try await releases.code(of: release)
        // Secrets may be in what a worker is loaded with; they are not in the manifest, nor in a recording.
        let environment = try await releases.manifest(of: release).environmentText(nodeID: keeper.node.description)
        let limits = loaded.limits ?? FunctionLimits(cpu: .milliseconds(500), memoryBytes: 128 << 20)
        let code = Recording.Code(
            script: Array(buffer: loaded.script), fileName: loaded.fileName, environment: environment,
            cpuMilliseconds: UInt32(clamping: Int(limits.cpu / .milliseconds(1))),
            memoryBytes: UInt64(clamping: limits.memoryBytes))
        let id = String(UInt64.random(in: 0 ... .max), radix: 16)
        let order = InvocationRecorder.Order(
            version: found.version, app: app.description, code: code, input: input, requestID: id)
        let (logs, version) = (logs, found.version)
        let start = NIODeadline.now()
        guard receipts.reserve() else { throw NodeRecordings.busy("signs too many receipts") }
        var draft: ReceiptBook.Draft?
        defer { receipts.fill(draft) }
        let recording = try await limited {
            try await recorder.record(order) { level, text in
                let line = FunctionLogLine(level: Logger.Level(level), text: text, requestID: id)
                logs.add(FunctionLogRecord(version, line), to: version.tenant)
            }
        }
        let call = FunctionCall(id: id, method: input.method, url: input.url)
        let wall = UInt64(max(0, (NIODeadline.now() - start).nanoseconds / 1_000))
        draft = ReceiptBook.Draft(
            call: call, version: version, outcome: .recorded(recording), wallMicroseconds: wall)
        return (try SignedRecording(recording, key: key), id)
    }

    /// Runs a recording again.
    func replay(_ recording: Recording) async throws -> ReplayReport {
        try await limited { try await replayer.replay(recording) }
    }

    private func limited<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        let isFree = running.withLock { running in
            guard running < NodeRecordings.maxRunning else { return false }
            running += 1
            return true
        }
        guard isFree else {
            throw NodeRecordings.busy("records or replays \(NodeRecordings.maxRunning) invocations already")
        }
        defer { running.withLock { $0 -= 1 } }
        return try await body()
    }

    private static func busy(_ reason: String) -> ControlFailure {
        ControlFailure(status: 503, code: "recording/busy", message: "The node \(reason); try again soon")
    }
}

extension Logger.Level {
    fileprivate init(_ level: LogLevel) {
        self =
            switch level {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
    }
}
