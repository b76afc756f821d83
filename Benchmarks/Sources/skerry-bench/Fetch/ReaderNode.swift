import Blake3
import BlobStore
import Exchange
import Identity
import NIOCore
import NIOPosix
import Peering

/// A fresh node that fetches: it knows nobody's reputation and has nothing stored.
struct ReaderNode {
    /// Blocks that are waited for at the same time.
    private static let lanes = 8

    private let store: BlobStore
    private let peers: PeerNetwork
    private let exchange: Exchange
    /// Of the connection with the first provider: whoever reads there gets its blocks without a change of threads, as TLS
    /// alone does.
    private let loop: any EventLoop

    /// - Parameter providers: At least one. Whom it may ask; connections with them are open when this returns.
    init(_ cast: Cast, folder: String, providers: [NodeID]) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        store = try BlobStore(folder: folder, settings: .init(), threadPool: .singleton, logger: Cast.quiet)
        peers = try PeerNetwork(
            key: cast.keys[0], network: Cast.network, directory: cast, handler: Nothing(), ledgerSequence: { 1 },
            group: group, logger: Cast.quiet)
        exchange = Exchange(
            store: store, peers: peers, finder: Chosen(nodes: providers), group: group, logger: Cast.quiet)
        var loops: [any EventLoop] = []
        for provider in providers { loops.append(try await peers.connection(to: provider).eventLoop) }
        loop = loops.first ?? group.next()
    }

    /// Bytes of blocks that came although another provider's copy was here already.
    var duplicateBytes: Int { exchange.accounts.reduce(0) { $0 + $1.duplicateBytes } }

    /// Reads the whole blob, about in order, and keeps nothing. The exchange verifies each block; its place is compared
    /// here.
    func stream(_ id: BlobID, _ source: BlockSource) async throws {
        let handle = try await exchange.open(id, keeping: .nowhere)
        guard handle.byteCount == source.byteCount else { throw BenchError("the blob has \(handle.byteCount) bytes") }
        handle.demand(0..<handle.byteCount)
        let loop = loop
        // Every lane reads each eighth block, so that no block waits for the turn of the one before.
        let lanes = (0..<ReaderNode.lanes).map { first in
            let done = loop.makePromise(of: Void.self)
            loop.execute { ReaderNode.read(first, of: handle, source, on: loop, done) }
            return done.futureResult
        }
        try await EventLoopFuture.andAllSucceed(lanes, on: loop).get()
        withExtendedLifetime(handle) {}
    }

    private static func read(
        _ index: Int, of handle: BlobHandle, _ source: BlockSource, on loop: any EventLoop,
        _ done: EventLoopPromise<Void>
    ) {
        guard index < source.blockCount else { return done.succeed() }
        handle.block(index, on: loop).whenComplete { result in
            switch result {
            case .success(let bytes) where source.isLike(bytes, block: index):
                read(index + lanes, of: handle, source, on: loop, done)
            case .success: done.fail(BenchError("block \(index) is another one"))
            case .failure(let error): done.fail(error)
            }
        }
    }

    /// Fetches the whole blob into the store; durable on return.
    func fetch(_ id: BlobID, _ source: BlockSource) async throws {
        try await exchange.fetchWhole(id)
        guard try store.stat(id)?.byteCount == source.byteCount else { throw BenchError("the blob is not stored") }
    }

    func stop() async {
        exchange.shutdown()
        await peers.shutdown()
        try? store.close()
    }

    private struct Nothing: PeerRequestHandler {
        func handle(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
            eventLoop.makeFailedFuture(PeerError(.unsupported, "Nothing is served here"))
        }
    }

    private struct Chosen: ProviderFinder {
        let nodes: [NodeID]

        func providers(of id: BlobID) -> AsyncStream<NodeID> {
            AsyncStream { continuation in
                for node in nodes { continuation.yield(node) }
                continuation.finish()
            }
        }

        func estimatedRoundTrip(to node: NodeID) -> Duration? { nil }
    }
}
