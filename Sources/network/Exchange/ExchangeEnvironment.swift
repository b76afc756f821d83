import Blake3
import BlobStore
import Foundation
import Identity
import Logging
import Metrics
import NIOCore
import Peering
import SwiftProtobuf
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

    /// Asks all other nodes at once; yields each that has the blob with the size that it claims, as answers come. Ends
    /// when all have answered or had ``ExchangeSettings/locateTimeout``.
    func locate(_ id: BlobID) -> AsyncStream<(PeerConnection, Int)> {
        let (stream, continuation) = AsyncStream.makeStream(of: (PeerConnection, Int).self)
        let loop = group.next()
        let answers = directory.nodes.filter { $0 != peers.node }.map { node in
            stat(id, at: node, on: loop).map { found in
                if let found { continuation.yield(found) }
            }
        }
        EventLoopFuture.andAllComplete(answers, on: loop).whenComplete { _ in continuation.finish() }
        return stream
    }

    private func stat(
        _ id: BlobID, at node: NodeID, on loop: any EventLoop
    ) -> EventLoopFuture<(PeerConnection, Int)?> {
        let promise = loop.makePromise(of: (PeerConnection, Int)?.self)
        // Dialling has limits of its own, which are longer: a peer that hangs must not delay the others' answers.
        let timer = loop.scheduleTask(in: settings.locateTimeout) { promise.succeed(nil) }
        peers.connection(to: node, on: loop).flatMap { connection in
            ask(connection, for: id).hop(to: loop).map { size in size.map { (connection, $0) } }
        }.whenComplete { result in
            timer.cancel()
            promise.succeed((try? result.get()) ?? nil)
        }
        return promise.futureResult
    }

    /// The size that the peer claims; nil if it does not have the blob.
    private func ask(_ connection: PeerConnection, for id: BlobID) -> EventLoopFuture<Int?> {
        do {
            let body: [UInt8] = try PeerPBStatBlob.with { $0.blob = id.bytes }.serializedBytes()
            return connection.request(.statBlob, ByteBuffer(bytes: body), timeout: settings.locateTimeout)
                .flatMapThrowing { frame in
                    guard frame.type == .blobStatus else { return nil }
                    let status = try PeerPBBlobStatus(serializedBytes: Array(frame.body.readableBytesView))
                    return status.present ? Int(exactly: status.byteCount) : nil
                }
        } catch {
            return connection.eventLoop.makeFailedFuture(error)
        }
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
