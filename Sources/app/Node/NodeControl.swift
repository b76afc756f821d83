import Blake3
import BlobStore
import ControlAPI
import ControlModel
import EdgeCache
import Exchange
import Foundation
import FunctionLogs
import Identity
import Images
import Ledger
import LedgerLog
import NIOCore
import Peering
import SwiftProtobuf
import Wire

/// The node as its control API sees it.
struct NodeControl: ControlBackend {
    let node: NodeID
    let store: BlobStore
    let keeper: LedgerKeeper
    let sync: LedgerSync
    let releases: ReleaseKeeper
    let peers: PeerNetwork
    let exchange: Exchange
    let repairer: Repairer
    let copies: PeerCopyNetwork
    let functionLogs: FunctionLogStore
    let recordings: NodeRecordings
    let receipts: ReceiptBook
    let values: NodeKV
    let secrets: SecretKeeper
    let rollouts: RolloutKeeper
    let cache: EdgeCache
    let domains: DomainWatch
    let certificates: NodeCertificates
    let payments: NodePayments
    let machines: NodeMachines
    let describe: @Sendable () -> NodeStatus

    func status() async -> NodeStatus { describe() }

    func mayWrite(_ account: AccountID) -> Bool {
        keeper.state.parameters.openAccounts || keeper.state.account(account) != nil
    }

    // MARK: Blobs

    var maxBlobBytes: Int { store.settings.maxBlobBytes }

    func blob(_ id: BlobID) async throws -> BlobInfo? {
        try NodeControl.explain { try store.stat(id) }.map { NodeControl.info(id, $0.byteCount) }
    }

    func content(_ id: BlobID) async throws -> (any ControlBlob)? {
        try NodeControl.explain { try store.stat(id) }.map { Content(store: store, id: id, byteCount: $0.byteCount) }
    }

    private struct Content: ControlBlob {
        let store: BlobStore
        let id: BlobID
        let byteCount: Int

        var blockCount: Int { BlockTree.blockCount(byteCount: byteCount) }

        func block(_ index: Int) async throws -> ByteBuffer { try await store.block(id, index) }
    }

    func missing(_ ids: [BlobID]) async throws -> [BlobID] { try NodeControl.explain { try store.missing(from: ids) } }

    func upload(expecting id: BlobID?, byteCount: Int?) async throws -> any ControlUpload {
        try NodeControl.explain { Upload(ingest: try store.ingest(expecting: id, sizeHint: byteCount)) }
    }

    private struct Upload: ControlUpload {
        let ingest: BlobIngest

        func write(_ bytes: ByteBuffer) async throws {
            do { try await ingest.write(bytes) } catch { throw NodeControl.explained(error) }
        }

        func finish() async throws -> BlobInfo {
            do {
                let (id, byteCount) = try await ingest.finish()
                return NodeControl.info(id, byteCount)
            } catch {
                throw NodeControl.explained(error)
            }
        }

        func cancel() { ingest.cancel() }
    }

    private static func info(_ id: BlobID, _ byteCount: Int) -> BlobInfo {
        BlobInfo(
            id: id.description, hex: id.hex, byteCount: byteCount,
            blockCount: BlockTree.blockCount(byteCount: byteCount))
    }

    // MARK: Payments

    func prices() -> PriceList { payments.prices }

    func settle(by account: AccountID) async throws -> EarningsInfo { try await payments.settle(by: account) }

    // MARK: Ledger

    var ledger: any ControlLedger { NodeLedger(keeper: keeper) }

    func names() async throws -> NameList {
        let state = keeper.state
        let domains = Dictionary(grouping: state.domains, by: \.name)
        return NameList(
            names: state.names.map { record in
                NameInfo(
                    record, releases: state.releases(of: record.name),
                    domains: domains[record.name]?.map(\.domain) ?? [])
            })
    }

    func name(_ name: String) async throws -> NameInfo {
        let state = keeper.state
        let checked: AppName
        do { checked = try AppName(checking: name) } catch { throw NodeControl.explained(error) }
        guard let record = state.name(checked) else {
            throw ControlFailure(
                status: 404, code: "ledger/unknown-name",
                message: "Nobody owns the name \"\(name)\"; `skerry deploy … --name \(name)` claims it")
        }
        let domains = record.domainCount == 0 ? [] : state.domains.filter { $0.name == checked }.map(\.domain)
        return NameInfo(record, releases: state.releases(of: checked), domains: domains)
    }

    func submit(_ transaction: ByteBuffer) async throws -> TransactionReceipt {
        do {
            let transaction = try keeper.read(Data(transaction.readableBytesView))
            let (sequence, release) = try await sync.submit(transaction)
            let (applied, behind) = await sync.spread(sequence)
            return TransactionReceipt(
                id: transaction.id.description, sequence: sequence, release: release,
                applied: applied.map(\.description), behind: behind.map(\.description))
        } catch {
            throw NodeControl.explained(error)
        }
    }

    // MARK: Errors

    static func explain<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch { throw explained(error) }
    }

    /// The one place where errors of the rooms become statuses of the control API.
    static func explained(_ error: any Error) -> any Error {
        switch error {
        case let error as LedgerError:
            return ControlFailure(status: status(error.code), code: error.code.description, message: error.message)
        case let error as LedgerLogError:
            return ControlFailure(
                status: error.code == .truncated ? 410 : 503, code: error.code.description, message: error.message)
        case let error as BlobStoreError:
            return ControlFailure(status: status(error.code), code: error.code.description, message: error.message)
        case let error as ImageError:
            return ControlFailure(
                status: error.code == .notFound ? 404 : 422, code: error.code.description, message: error.message)
        case let error as ExchangeError:
            return ControlFailure(
                status: error.code == .notFound ? 404 : 503, code: error.code.description, message: error.message)
        case let error as PeerError:
            return ControlFailure(status: 503, code: error.code.description, message: error.message)
        default: return error
        }
    }

    private static func status(_ code: LedgerError.Code) -> Int {
        switch code {
        case .nameTaken, .domainTaken, .reservedName, .notAuthorised, .unknownSigner, .notAdmitted, .barred,
            .attestationUnavailable:
            403
        case .unknownName, .unknownRelease, .unknownNode, .unknownAccount, .unknownDomain, .unknownChannel: 404
        case .badNonce, .releaseExists, .nodeExists, .nothingToRollBackTo, .insufficientBalance, .insufficientStake,
            .stakeLocked, .wrongParticipation, .channelState, .wrongEpoch:
            409
        case .tooLarge: 413
        default: 400
        }
    }

    private static func status(_ code: BlobStoreError.Code) -> Int {
        switch code {
        case .notFound: 404
        case .tooLarge: 413
        case .digestMismatch: 422
        case .diskFull, .quotaExceeded: 507
        default: 500
        }
    }
}
