import Blake3
public import BlobStore
import CoreMetrics
import Foundation
public import Identity
public import Logging
public import NIOCore
public import Peering
import SwiftProtobuf
import Synchronization
import Wire

/// Gets blobs from peers, verified block by block, and serves them to peers.
public final class Exchange: Sendable {
    private struct Active {
        let fetch: BlobFetch
        var readers = 0
        /// Counts changes of `readers`, so that an idle timer sees whether it is still meant.
        var generation = 0
    }

    private struct State {
        var active: [BlobID: Active] = [:]
        var starting: [BlobID: EventLoopFuture<BlobFetch>] = [:]
    }

    private let environment: ExchangeEnvironment
    private let state = Mutex(State())

    public init(
        store: BlobStore, peers: PeerNetwork, directory: any PeerDirectory, settings: ExchangeSettings = .init(),
        group: any EventLoopGroup, logger: Logger
    ) {
        environment = ExchangeEnvironment(
            store: store, peers: peers, directory: directory, settings: settings, group: group, logger: logger)
    }

    // MARK: Reading

    /// Opens a blob: from the store, else from the peers that have it.
    ///
    /// When this returns, the size is authenticated and the blob can be read while it is still being fetched.
    ///
    /// - Throws: ``ExchangeError`` if no peer has it, ``BlobStoreError`` if the store refuses it.
    public func open(_ id: BlobID) async throws -> BlobHandle {
        if let stored = try environment.store.stat(id) {
            return BlobHandle(id: id, byteCount: stored.byteCount, source: .stored(environment.store), onClose: {})
        }
        let fetch = try await self.fetch(id).get()
        let isCounted = state.withLock { state -> Bool in
            guard state.active[id]?.fetch === fetch else { return false }
            state.active[id]?.readers += 1
            state.active[id]?.generation += 1
            return true
        }
        return BlobHandle(id: id, byteCount: fetch.byteCount, source: .fetch(fetch)) { [weak self] in
            if isCounted { self?.leave(id, fetch) }
        }
    }

    /// Fetches a whole blob into the store. When this returns, the blob is durable here.
    ///
    /// - Throws: ``ExchangeError`` if no peer has it, ``BlobStoreError`` if the store refuses it.
    public func fetchWhole(_ id: BlobID) async throws {
        if try environment.store.contains(id) { return }
        let handle = try await open(id)
        if try environment.store.contains(id) { return }
        handle.demand(0..<max(handle.byteCount, 1))
        guard let fetch = state.withLock({ $0.active[id]?.fetch }) else {
            if try environment.store.contains(id) { return }
            throw ExchangeError(.unavailable, "The fetch of \(id) ended before it was complete; try again")
        }
        try await fetch.finished(on: environment.group.next()).get()
        withExtendedLifetime(handle) {}
    }

    /// The running fetch of `id`, or a new one.
    private func fetch(_ id: BlobID) -> EventLoopFuture<BlobFetch> {
        let loop = environment.group.next()
        let promise = loop.makePromise(of: BlobFetch.self)
        let running = state.withLock { state -> EventLoopFuture<BlobFetch>? in
            if let active = state.active[id] { return loop.makeSucceededFuture(active.fetch) }
            if let starting = state.starting[id] { return starting }
            state.starting[id] = promise.futureResult
            return nil
        }
        if let running {
            promise.fail(ExchangeError(.cancelled, "unused"))
            return running
        }
        promise.futureResult.whenComplete { result in
            self.state.withLock { state in
                state.starting[id] = nil
                if case .success(let fetch) = result { state.active[id] = Active(fetch: fetch) }
            }
            guard case .success(let fetch) = result else { return }
            fetch.finished(on: loop).whenComplete { _ in
                self.state.withLock { _ = $0.active.removeValue(forKey: id) }
            }
            self.armIdleTimer(id, fetch)
        }
        loop.makeFutureWithTask { await self.start(id, ready: promise) }.whenFailure { promise.fail($0) }
        return promise.futureResult
    }

    /// Asks everybody for the blob. The first provider that proves it begins the fetch; the others join as they answer.
    private func start(_ id: BlobID, ready: EventLoopPromise<BlobFetch>) async {
        environment.metrics.fetches.increment()
        var liars = 0
        var fetch: BlobFetch?
        for await (connection, byteCount) in environment.locate(id) {
            if let fetch {
                if fetch.byteCount == byteCount { fetch.add(connection) }
                continue
            }
            do {
                let begun = try await begin(id, byteCount, connection)
                fetch = begun
                ready.succeed(begun)
            } catch let error as BlobStoreError {
                return ready.fail(error)
            } catch {
                liars += 1
                environment.logger.warning(
                    "a peer could not prove the blob that it claims",
                    metadata: ["peer": "\(connection.peer)", "blob": "\(id)", "error": "\(error)"])
            }
        }
        if fetch != nil { return }
        environment.metrics.failures.increment()
        ready.fail(
            liars > 0
                ? ExchangeError(.corrupt, "\(liars) nodes claim to have \(id) but none could prove it")
                : ExchangeError(
                    .notFound, "No reachable node has the blob \(id); check the id, or start the node that added it"))
    }

    /// Authenticates the blob's size and block values. A size is true only once the last block verifies against it.
    private func begin(_ id: BlobID, _ byteCount: Int, _ connection: PeerConnection) async throws -> BlobFetch {
        let limit = environment.store.settings.maxBlobBytes
        guard byteCount <= limit else {
            throw ExchangeError(.tooLarge, "The blob \(id) has \(byteCount) bytes; this node takes at most \(limit)")
        }
        let values = try await blockValues(id, byteCount, connection)
        guard BlockTree.root(blockValues: values, byteCount: byteCount) == id.digest else {
            throw ExchangeError(.corrupt, "The block values that node \(connection.peer.short) sent are not those of \(id)")
        }
        let last = values.count - 1
        let body: [UInt8] = try PeerPBReadBlock.with {
            $0.blob = id.bytes
            $0.index = UInt32(last)
        }.serializedBytes()
        let block = try await connection.request(
            .readBlock, ByteBuffer(bytes: body), timeout: environment.settings.blockTimeout
        ).get().body
        guard block.isBlock(last, of: byteCount, value: values[last]) else {
            environment.metrics.corruptBlocks.increment()
            throw ExchangeError(.corrupt, "Node \(connection.peer.short) sent a corrupted block \(last) of \(id)")
        }
        let assembly = try environment.store.assemble(id, byteCount: byteCount, blockValues: values)
        let fetch = BlobFetch(
            id: id, byteCount: byteCount, blockValues: values, assembly: assembly, environment: environment)
        fetch.add(connection)
        fetch.install(last, block, connection)
        return fetch
    }

    private func blockValues(_ id: BlobID, _ byteCount: Int, _ connection: PeerConnection) async throws -> [Digest] {
        let count = BlockTree.blockCount(byteCount: byteCount)
        if count == 1 { return [id.digest] }
        var values: [Digest] = []
        values.reserveCapacity(count)
        while values.count < count {
            var message = PeerPBReadBlockValues()
            message.blob = id.bytes
            message.first = UInt32(values.count)
            message.count = UInt32(min(count - values.count, BlobServing.maxBlockValues))
            let page = try await connection.call(
                .readBlockValues, message, expecting: .blockValues, as: PeerPBBlockValues.self,
                timeout: environment.settings.blockTimeout)
            guard page.values.count == Int(message.count) * Digest.byteCount else {
                throw ExchangeError(.corrupt, "Node \(connection.peer.short) sent too few block values of \(id)")
            }
            for offset in stride(from: 0, to: page.values.count, by: Digest.byteCount) {
                let start = page.values.startIndex + offset
                if let value = Digest(page.values[start..<start + Digest.byteCount]) { values.append(value) }
            }
        }
        return values
    }

    // MARK: Ending

    private func leave(_ id: BlobID, _ fetch: BlobFetch) {
        state.withLock { state in
            guard state.active[id]?.fetch === fetch else { return }
            state.active[id]?.readers -= 1
            state.active[id]?.generation += 1
        }
        armIdleTimer(id, fetch)
    }

    private func armIdleTimer(_ id: BlobID, _ fetch: BlobFetch) {
        guard let generation = state.withLock({ $0.active[id]?.generation }) else { return }
        environment.group.next().scheduleTask(in: environment.settings.idleTimeout) { [weak self] in
            let isIdle = self?.state.withLock { state in
                guard let active = state.active[id], active.fetch === fetch else { return false }
                return active.readers == 0 && active.generation == generation
            }
            if isIdle == true { fetch.cancel() }
        }
    }

    // MARK: Serving

    /// Answers a peer's request about blobs; nil if the request is about something else.
    public func serve(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply>? {
        BlobServing(store: environment.store, servedBytes: environment.metrics.servedBytes).serve(request, on: eventLoop)
    }
}
