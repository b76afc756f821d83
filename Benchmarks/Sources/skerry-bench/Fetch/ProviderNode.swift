import ArgumentParser
import Blake3
import BlobStore
import Exchange
import Foundation
import NIOCore
import NIOPosix
import Peering
import Synchronization
import Wire

/// A node that has the blob and serves it, well or badly.
final class ProviderNode: Sendable {
    enum Behaviour: String, ExpressibleByArgument {
        case honest
        /// Answers block after block at ``ProviderNode/slowBytesPerSecond``.
        case slow
        /// Flips a bit in every block.
        case corrupt
    }

    /// What a slow node sends: a hundredth of what a good one does here.
    static let slowBytesPerSecond = 16 << 20

    private let store: BlobStore
    private let peers: PeerNetwork
    private let exchange: Exchange
    let port: Int

    init(_ cast: Cast, number: Int, folder: String, source: BlockSource, behaviour: Behaviour) async throws {
        store = try BlobStore(
            folder: folder, settings: .init(), threadPool: .singleton, logger: Cast.quiet)
        let session = try store.ingest(expecting: nil, sizeHint: source.byteCount)
        for index in 0..<source.blockCount { try await session.write(source.block(index)) }
        _ = try await session.finish()
        let service = Service(behaviour)
        peers = try PeerNetwork(
            key: cast.keys[number], network: Cast.network, directory: cast, handler: service,
            ledgerSequence: { 1 }, group: MultiThreadedEventLoopGroup.singleton, logger: Cast.quiet)
        exchange = Exchange(
            store: store, peers: peers, finder: DirectoryFinder(cast), group: MultiThreadedEventLoopGroup.singleton,
            logger: Cast.quiet)
        service.attach(exchange)
        port = try await peers.listen(host: "127.0.0.1", port: 0)
    }

    func stop() async {
        exchange.shutdown()
        await peers.shutdown()
        try? store.close()
    }

    private final class Service: PeerRequestHandler {
        private let exchange = Mutex<Exchange?>(nil)
        private let behaviour: Behaviour
        /// When the slow node is done with what was asked before.
        private let freeAt = Mutex(NIODeadline.uptimeNanoseconds(0))

        init(_ behaviour: Behaviour) { self.behaviour = behaviour }

        func attach(_ exchange: Exchange) { self.exchange.withLock { $0 = exchange } }

        func handle(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
            guard let answer = exchange.withLock({ $0 })?.serve(request, on: eventLoop) else {
                return eventLoop.makeFailedFuture(PeerError(.unsupported, "Only blobs are served here"))
            }
            guard behaviour != .honest else { return answer }
            return answer.flatMap { self.spoil($0, on: eventLoop) }
        }

        private func spoil(_ reply: PeerReply, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
            guard reply.type == .block, let first = reply.body.getInteger(at: reply.body.readerIndex, as: UInt8.self)
            else { return eventLoop.makeSucceededFuture(reply) }
            if behaviour == .corrupt {
                var body = reply.body
                body.setInteger(first ^ 1, at: body.readerIndex)
                return eventLoop.makeSucceededFuture(PeerReply(type: .block, body: body, onSent: reply.onSent))
            }
            let cost = TimeAmount.nanoseconds(
                Int64(reply.body.readableBytes) * 1_000_000_000 / Int64(ProviderNode.slowBytesPerSecond))
            let moment = freeAt.withLock { freeAt in
                freeAt = max(freeAt, .now()) + cost
                return freeAt
            }
            return eventLoop.scheduleTask(deadline: moment) { reply }.futureResult
        }
    }
}
