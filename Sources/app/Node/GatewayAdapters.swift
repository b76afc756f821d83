import BlobStore
import Exchange
import Gateway
import Identity
import NIOCore
import Peering
import Telemetry

/// The node's blobs as the gateway sees them: from the store, else from peers, also where the store has no room.
struct NodeBlobs: GatewayBlobs {
    let store: BlobStore
    let exchange: Exchange

    func hot(_ id: BlobID) -> ByteBuffer? { store.hot(id) }

    func open(_ id: BlobID, on eventLoop: any EventLoop) -> EventLoopFuture<any GatewayBlob> {
        eventLoop.makeFutureWithTask { try await exchange.open(id, keeping: .ifRoom) }
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
        case let error as BlobStoreError where error.isNoRoom:
            // How much room a node has is not the visitor's business.
            GatewayError(
                .init(error.code.description), "This node has no room for the content; ask again or another node",
                origin: .node, status: 503, retryAfter: 10)
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
