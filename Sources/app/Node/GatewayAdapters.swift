import BlobStore
import Exchange
import Foundation
import Functions
import Gateway
import Identity
import Ledger
import LedgerLog
import Manifests
import NIOCore
import Peering
import Telemetry

/// The node's blobs as the gateway sees them: from the store, else from peers.
struct NodeBlobs: GatewayBlobs {
    let store: BlobStore
    let exchange: Exchange

    func hot(_ id: BlobID) -> ByteBuffer? { store.hot(id) }

    func open(_ id: BlobID, on eventLoop: any EventLoop) -> EventLoopFuture<any GatewayBlob> {
        eventLoop.makeFutureWithTask { try await exchange.open(id) }
            .map { OpenBlob(handle: $0) as any GatewayBlob }
            .flatMapErrorThrowing { throw NodeBlobs.explained($0) }
    }

    static func explained(_ error: any Error) -> any Error {
        switch error {
        case let error as ExchangeError where error.code == .notFound:
            GatewayError(.blobNotFound, error.message, origin: .peer)
        case let error as ExchangeError:
            GatewayError(.blobUnreachable, error.message, origin: .peer)
        case let error as PeerError:
            GatewayError(.blobUnreachable, error.message, origin: .peer)
        case let error as BlobStoreError:
            GatewayError(.init(error.code.description), error.message, origin: .node)
        default: error
        }
    }
}

/// One response's view of a blob.
private struct OpenBlob: GatewayBlob {
    let handle: BlobHandle

    var byteCount: Int { handle.byteCount }

    func demand(_ bytes: Range<Int>) { handle.demand(bytes) }

    func block(_ index: Int, on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer> {
        handle.block(index, on: eventLoop).flatMapErrorThrowing { throw NodeBlobs.explained($0) }
    }

    /// The handle closes when the last reference goes; the gateway drops this one right after.
    func close() {}
}

/// The node's functions as the gateway sees them.
struct NodeFunctions: GatewayFunctions {
    let pool: FunctionPool
    let keeper: LedgerKeeper
    let store: BlobStore
    let exchange: Exchange

    func invoke(
        _ release: FunctionRelease, _ request: FunctionRequest, on eventLoop: any EventLoop
    ) -> EventLoopFuture<FunctionResponse> {
        guard let name = AppName(release.name), let id = ReleaseID(release.release),
            let record = keeper.state.release(id, of: name), let owner = keeper.state.name(name)?.owner
        else {
            return eventLoop.makeFailedFuture(
                GatewayError(.appUnknown, "The release \(release.release) of \(release.name) is gone", origin: .node))
        }
        let requestID = String(UInt64.random(in: 0 ... .max), radix: 16)
        let body: FunctionBody =
            switch request.body {
            case .bytes(let bytes): .bytes(bytes)
            case .stream(let stream): .stream(stream)
            }
        let call = FunctionCall(
            id: requestID, method: request.method, url: request.url, headers: request.headers, body: body)
        let version = FunctionVersion(tenant: "\(owner)/\(release.name)", release: release.release)
        return pool.invoke(version, call, code: { try await script(record) }, on: eventLoop)
            .map { reply in
                let body: FunctionRequest.Body =
                    switch reply.body {
                    case .bytes(let bytes): .bytes(bytes)
                    case .stream(let stream): .stream(stream)
                    }
                return FunctionResponse(status: reply.status, headers: reply.headers, body: body)
            }
            .flatMapErrorThrowing { throw NodeFunctions.explained($0) }
    }

    private func script(_ release: ReleaseRecord) async throws -> FunctionCode {
        try await exchange.fetchWhole(release.manifest)
        let bytes = try await store.readAll(release.manifest, limit: ManifestLimits.maxManifestBytes)
        guard case .function(let function) = try Manifest(decoding: Data(bytes.readableBytesView)) else {
            throw FunctionError(.loadFailed, "The release is not a function; deploy it again")
        }
        try await exchange.fetchWhole(function.script)
        return FunctionCode(
            script: try await store.readAll(function.script, limit: ManifestLimits.maxScriptBytes),
            fileName: function.sourceName)
    }

    static func explained(_ error: any Error) -> any Error {
        guard let error = error as? FunctionError else { return error }
        // What a function throws may say more than visitors should read.
        let message =
            error.code == .exception ? "The function failed; the node's log says why to its developer" : error.message
        return GatewayError(.init(error.code.rawValue), message, origin: NodeFunctions.origin(error))
    }
}

extension NodeFunctions {
    private static func origin(_ error: FunctionError) -> GatewayError.Origin {
        switch error.origin {
        case .client: .client
        case .origin: .origin
        case .node: .node
        }
    }
}

/// The node's own pages.
struct NodePages: GatewayPages {
    let nodeID: String
    let prometheus: PrometheusMetrics
    let readiness: @Sendable () -> (isReady: Bool, detail: String)

    func metrics() -> String { prometheus.render() }

    func health() -> (ready: Bool, detail: String) {
        let (isReady, detail) = readiness()
        return (isReady, detail)
    }
}
