import Blake3
import ControlAPI
import ControlModel
import Foundation
import Identity
import Ledger
import NIOCore

/// A node whose control API serves a network in memory.
struct TestNode: TestBackend {
    let network: TestNetwork
    /// Called before a transaction is carried out.
    var beforeSubmit: @Sendable (SignedTransaction) throws -> Void = { _ in }
    /// Whether it came from a snapshot of the newest state, so that it knows no entry and no transaction.
    var isFresh = false

    var node: NodeID { network.nodes[0].publicKey.node }
    var ledger: any ControlLedger { isFresh ? FreshLedger(network: network) : network }

    func status() async -> NodeStatus {
        NodeStatus(
            id: node.description, network: network.genesis.networkID.description, version: "test", gateway: "",
            peer: "",
            control: "", data: "", pid: 1, ready: true, detail: "",
            ledger: .init(sequence: network.state.sequence, root: network.state.root.hex, sequencer: true), peers: [],
            blobCount: 0, blobBytes: 0)
    }

    func content(_ id: BlobID) async throws -> (any ControlBlob)? { network.blob(id).map { Content(bytes: $0) } }

    private struct FreshLedger: ControlLedger {
        let network: TestNetwork

        var state: LedgerState { network.state }
        var failure: String? { nil }
        var sequencer: NodeID? { network.sequencer }
        var certified: (certificate: Certificate, state: LedgerState)? { network.certified }

        func waitForSequence(_ sequence: UInt64, timeout: Duration) async -> Bool { state.sequence >= sequence }

        func entries(from sequence: UInt64, limit: Int) async throws -> [Data] {
            throw ControlFailure(status: 410, code: "ledger-log/truncated", message: "The log begins with a snapshot")
        }

        func outcome(of id: TransactionID) async throws -> (sequence: UInt64, outcome: Outcome)? { nil }

        func base() async throws -> LedgerBaseInfo? {
            let state = state
            return LedgerBaseInfo(
                sequence: state.sequence, hash: state.headHash.hex, stateRoot: state.root.hex, snapshot: "",
                snapshotByteCount: 0, certificate: Data())
        }

        func handovers(after epoch: UInt64, limit: Int) async throws -> [Handover] { [] }
    }

    private struct Content: ControlBlob {
        static let blockBytes = 1_000
        let bytes: Data
        var byteCount: Int { bytes.count }
        var blockCount: Int { (bytes.count + Content.blockBytes - 1) / Content.blockBytes }

        func block(_ index: Int) async throws -> ByteBuffer {
            ByteBuffer(bytes: bytes.dropFirst(index * Content.blockBytes).prefix(Content.blockBytes))
        }
    }

    func submit(_ transaction: ByteBuffer) async throws -> TransactionReceipt {
        do {
            let transaction = try SignedTransaction(decoding: Data(transaction.readableBytesView))
            try beforeSubmit(transaction)
            if let (sequence, _) = try await network.outcome(of: transaction.id) {
                return TransactionReceipt(
                    id: transaction.id.description, sequence: sequence, release: nil, applied: [], behind: [])
            }
            var trial = network.state
            let outcome = trial.execute(transaction, timeMilliseconds: trial.timeMilliseconds)
            if let refusal = outcome.refusal { throw refusal }
            try network.append([transaction])
            return TransactionReceipt(
                id: transaction.id.description, sequence: network.state.sequence, release: nil,
                applied: [node.description], behind: [])
        } catch let error as LedgerError {
            throw ControlFailure(status: 409, code: error.code.description, message: error.message)
        }
    }
}

/// A folder that is removed when the test lets go of it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/skerry-client-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    /// A copy of all files that are there now.
    convenience init(copying other: TemporaryFolder) throws {
        try self.init()
        for name in other.names { try FileManager.default.copyItem(atPath: other.file(name), toPath: file(name)) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }

    /// What is in the folder, in alphabetical order.
    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}
