import Blake3
import ControlAPI
import ControlModel
import Foundation
import Functions
import Identity
import Ledger
import LedgerLog
import Recordings
import Replay
import WorkerProtocol

/// Recordings, replays and receipts as the control API sees them.
extension NodeControl {
    func record(_ request: InvocationRequest, of name: String, by account: AccountID) async throws -> RecordingAnswer {
        let state = keeper.state
        let record = try state.owned(name, by: account, "may record its function: recordings hold its code")
        let wanted = request.release.flatMap { ReleaseID($0) } ?? record.live
        guard let wanted, let release = state.release(wanted, of: record.name), release.kind == .function else {
            throw ControlFailure(
                status: 404, code: "ledger/unknown-release",
                message: "\(name) has no such release of a function; `skerry functions versions \(name)` lists them")
        }
        let input = Recording.Input(
            method: request.method, url: request.url,
            headers: request.headers.map { HeaderField(name: $0.name, value: $0.value) }, body: Array(request.body))
        do {
            let (file, receipt) = try await recordings.record(release, of: record.name, input)
            return RecordingAnswer(
                file: Data(file.bytes), receipt: receipt, outputHash: file.recording.outputHash.hex)
        } catch {
            throw NodeControl.explainedRecording(error)
        }
    }

    func replay(_ file: [UInt8]) async throws -> ReplayAnswer {
        do {
            let signed = try SignedRecording(decoding: file)
            let report = try await recordings.replay(signed.recording)
            return ReplayAnswer(
                node: node.description, recordedBy: signed.node.description, isEqual: report.isEqual,
                difference: report.difference?.description, recordedOutputHash: report.recordedOutputHash.hex,
                outputHash: report.outputHash?.hex)
        } catch {
            throw NodeControl.explainedRecording(error)
        }
    }

    func receipt(_ id: String) async throws -> ReceiptAnswer {
        guard id.utf8.count <= ReceiptLimits.maxTextBytes, let receipt = await receipts.receipt(id) else {
            throw ControlFailure(
                status: 404, code: "receipt/unknown",
                message:
                    "This node has no receipt \(id.prefix(80)); it keeps the newest \(ReceiptBook.maxKept), until it "
                    + "ends. Another node may have it")
        }
        return ReceiptAnswer(receipt: Data(receipt.bytes))
    }

    private static func explainedRecording(_ error: any Error) -> any Error {
        switch error {
        case let error as RecordingError:
            let status =
                switch error.code {
                case .tooLarge: 413
                case .worker: 500
                default: 422
                }
            return ControlFailure(status: status, code: error.code.description, message: error.message)
        case let error as FunctionError:
            return ControlFailure(
                status: error.origin == .node ? 503 : 422, code: error.code.rawValue, message: error.message)
        default: return explained(error)
        }
    }
}
