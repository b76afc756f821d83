import Blake3
import BlobStore
import Foundation
import Identity
import Logging
import Metrics
import NIOCore
import Peering
import Wire

/// What every fetch of a node shares.
struct ExchangeEnvironment: Sendable {
    let store: BlobStore
    let peers: PeerNetwork
    let directory: any PeerDirectory
    let settings: ExchangeSettings
    let group: any EventLoopGroup
    let logger: Logger
    let metrics = ExchangeMetrics()

    func connection(to peer: NodeID) -> EventLoopFuture<PeerConnection> {
        group.next().makeFutureWithTask { try await peers.connection(to: peer) }
    }

    /// Asks all other nodes at once; yields each that has the blob with the size that it claims, as answers come.
    func locate(_ id: BlobID) -> AsyncStream<(PeerConnection, Int)> {
        AsyncStream { continuation in
            let task = Task {
                await withTaskGroup(of: Void.self) { group in
                    for node in directory.nodes where node != peers.node {
                        group.addTask {
                            if let found = await stat(id, at: node) { continuation.yield(found) }
                        }
                    }
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private func stat(_ id: BlobID, at node: NodeID) async -> (PeerConnection, Int)? {
        var message = PeerPBStatBlob()
        message.blob = id.bytes
        guard let connection = try? await peers.connection(to: node),
            let status = try? await connection.call(
                .statBlob, message, expecting: .blobStatus, as: PeerPBBlobStatus.self, timeout: settings.locateTimeout),
            status.present, let byteCount = Int(exactly: status.byteCount)
        else { return nil }
        return (connection, byteCount)
    }
}

/// Counters of the exchange.
struct ExchangeMetrics: Sendable {
    let fetchedBytes = Counter(label: "skerry_exchange_fetched_bytes_total")
    let servedBytes = Counter(label: "skerry_exchange_served_bytes_total")
    let corruptBlocks = Counter(label: "skerry_exchange_corrupt_blocks_total")
    let fetches = Counter(label: "skerry_exchange_fetches_total")
    let failures = Counter(label: "skerry_exchange_fetch_failures_total")
}

extension BlobID {
    /// The digest as a protobuf field.
    var bytes: Data { Data(digest.bytes) }
}
