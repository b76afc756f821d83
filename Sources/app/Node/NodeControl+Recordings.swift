import Blake3
import ControlAPI
import ControlModel
import Foundation
import Functions
import Identity
import Ledger
import LedgerLog
import NIOCore
import Peering
import Recordings
import Replay
import Wire
import WorkerProtocol

/// Recordings, replays and receipts as the control API sees them.
extension NodeControl {
    func record(_ request: InvocationRequest, of name: String, by account: AccountID) async throws -> RecordingAnswer {
        let state = keeper.state
        let record = try state.owned(name, by: account, "may record its function: recordings hold its code")
        let wanted = request.release.flatMap { ReleaseID($0) } ?? record.live
        guard let wanted, let release = state.release(wanted, of: record.name), release.kind.mayRunCode else {
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
        guard id.utf8.count <= ReceiptLimits.maxTextBytes, let receipt = await findReceipt(id) else {
            throw ControlFailure(
                status: 404, code: "receipt/unknown",
                message:
                    "No node that answers has a receipt \(id.prefix(80)); each keeps the newest \(ReceiptFolder.maxInFile)"
            )
        }
        return ReceiptAnswer(receipt: Data(receipt.bytes))
    }

    /// Nodes that are asked for a receipt, and how long each may take.
    private static let maxAsked = 64
    private static let patience = TimeAmount.seconds(3)

    /// The receipt as this node has it, else as another one has that ran the call.
    private func findReceipt(_ id: String) async -> SignedReceipt? {
        if let receipt = await receipts.receipt(id) { return receipt }
        let others = keeper.state.participants.map(\.id).filter { $0 != node }.prefix(NodeControl.maxAsked)
        return await withTaskGroup(of: SignedReceipt?.self) { group in
            for other in others {
                group.addTask {
                    guard let connection = try? await peers.connection(to: other),
                        let frame = try? await connection.request(
                            .readReceipt, ByteBuffer(string: id), timeout: NodeControl.patience
                        ).get(), let signed = try? SignedReceipt(decoding: Array(buffer: frame.body)),
                        signed.receipt.id == id, signed.key.node == other
                    else { return nil }
                    return signed
                }
            }
            for await found in group {
                guard let found else { continue }
                group.cancelAll()
                return found
            }
            return nil
        }
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
