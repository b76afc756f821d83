import BlobStore
import Channels
import Exchange
import Foundation
import Identity
import Ledger
import NIOCore
import NIOPosix
import PaidDelivery
import Peering
import Synchronization

/// A node that fetches and pays.
final class PaidReader: Sendable {
    /// Blocks that are waited for at the same time.
    private static let lanes = 8

    private let store: BlobStore
    private let peers: PeerNetwork
    private let exchange: Exchange

    init(_ cast: Cast, folder: String, terms: PaidTerms) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        store = try BlobStore(folder: folder, settings: .init(), threadPool: .singleton, logger: Cast.quiet)
        peers = try PeerNetwork(
            key: cast.keys[0], network: Cast.network, directory: cast, handler: Nothing(), ledgerSequence: { 1 },
            group: group, logger: Cast.quiet)
        let payer = PayingClient(
            key: cast.keys[0], holder: cast.node(0), network: PaidTerms.network, logger: Cast.quiet)
        payer.add(.init(channel: terms.channel, commodity: .bytes, chain: terms.chain), for: cast.node(1))
        exchange = Exchange(
            store: store, peers: peers, finder: DirectoryFinder(cast), payer: payer, group: group, logger: Cast.quiet)
    }

    /// Reads the blob once, so that the session is open, its credit is full and the provider's pages are warm.
    func warmUp(_ id: BlobID, _ source: BlockSource) async throws {
        _ = try await pass(id, source, Pace(unitsPerSecond: 0, end: .distantFuture))
    }

    /// Fetches the blobs into the store again and again, one fetch of each at a time. A fetch ends when its blob is durable;
    /// the blob is removed then.
    ///
    /// - Returns: Units of whole blobs that are durable; the last ones are waited for.
    func store(_ sources: [BlockSource], for time: Duration, unitsPerSecond: Int) async throws -> Int {
        let end = NIODeadline.now() + .nanoseconds(Int64(time.inSeconds * 1e9))
        let pace = Pace(unitsPerSecond: unitsPerSecond, end: end)
        return try await withThrowingTaskGroup(of: Int.self) { lanes in
            for source in sources {
                lanes.addTask { try await self.store(source, pace) }
            }
            return try await lanes.reduce(0, +)
        }
    }

    private func store(_ source: BlockSource, _ pace: Pace) async throws -> Int {
        let id = source.hashed().id
        var units = 0
        while NIODeadline.now() < pace.end {
            let wait = pace.next(blocks: source.blockCount) - NIODeadline.now()
            if wait > .nanoseconds(0) { try await Task.sleep(for: .nanoseconds(wait.nanoseconds)) }
            try await exchange.fetchWhole(id)
            // A fetch that ended a moment ago is still told to who asks for the blob right behind its removal.
            guard try store.remove(id) else { continue }
            units += 2 * source.blockCount
        }
        return units
    }

    /// Reads the blob again and again, keeping nothing.
    ///
    /// - Returns: Units that came.
    func read(_ id: BlobID, _ source: BlockSource, for time: Duration, unitsPerSecond: Int) async throws -> Int {
        let end = NIODeadline.now() + .nanoseconds(Int64(time.inSeconds * 1e9))
        let pace = Pace(unitsPerSecond: unitsPerSecond, end: end)
        var units = 0
        while NIODeadline.now() < end { units += try await pass(id, source, pace) }
        return units
    }

    private func pass(_ id: BlobID, _ source: BlockSource, _ pace: Pace) async throws -> Int {
        let handle = try await exchange.open(id, keeping: .nowhere)
        guard handle.byteCount == source.byteCount else { throw BenchError("the blob has \(handle.byteCount) bytes") }
        handle.demand(0..<handle.byteCount)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let count = Atomic<Int>(0)
        let lanes = (0..<PaidReader.lanes).map { first in
            let done = loop.makePromise(of: Int.self)
            loop.execute { PaidReader.read(first, 0, of: handle, source, pace, on: loop, done) }
            return done.futureResult
        }
        for blocks in try await EventLoopFuture.whenAllSucceed(lanes, on: loop).get() {
            count.add(blocks, ordering: .relaxed)
        }
        withExtendedLifetime(handle) {}
        return 2 * count.load(ordering: .relaxed)
    }

    private static func read(
        _ index: Int, _ count: Int, of handle: BlobHandle, _ source: BlockSource, _ pace: Pace, on loop: any EventLoop,
        _ done: EventLoopPromise<Int>
    ) {
        guard index < source.blockCount, NIODeadline.now() < pace.end else { return done.succeed(count) }
        loop.scheduleTask(deadline: pace.next()) {
            handle.block(index, on: loop).whenComplete { result in
                switch result {
                case .success(let bytes) where source.isLike(bytes, block: index):
                    read(index + lanes, count + 1, of: handle, source, pace, on: loop, done)
                case .success: done.fail(BenchError("block \(index) is another one"))
                case .failure(let error): done.fail(error)
                }
            }
        }
    }

    func stop() async {
        exchange.shutdown()
        await peers.shutdown()
        try? store.close()
    }

    /// When the next block may be asked for.
    private final class Pace: Sendable {
        let end: NIODeadline
        private let interval: TimeAmount
        private let due = Mutex(NIODeadline.now())

        init(unitsPerSecond: Int, end: NIODeadline) {
            self.end = end
            interval = .nanoseconds(unitsPerSecond == 0 ? 0 : 2_000_000_000 / Int64(unitsPerSecond))
        }

        func next(blocks: Int = 1) -> NIODeadline {
            due.withLock { due in
                defer { due = due + TimeAmount.nanoseconds(interval.nanoseconds * Int64(blocks)) }
                return due
            }
        }
    }

    private struct Nothing: PeerRequestHandler {
        func handle(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
            eventLoop.makeFailedFuture(PeerError(.unsupported, "Nothing is served here"))
        }
    }
}
