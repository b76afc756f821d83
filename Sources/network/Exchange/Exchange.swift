public import BlobStore
public import Identity
public import Logging
public import NIOCore
public import Peering
import Synchronization

/// Gets blobs from peers, verified block by block, and serves them to peers.
public final class Exchange: Sendable {
    /// What becomes of the blocks that a reader gets.
    public enum Keeping: Hashable, Sendable {
        /// They are stored; when all are, the blob is. A part outlives the fetch and the process.
        case inStore
        /// They are handed to the reader and forgotten. Nothing is written to the disk.
        case nowhere
        /// As `inStore`; as `nowhere` if the store has no room for the blob.
        case ifRoom
    }

    private struct Active {
        let fetch: BlobFetch
        var readers = 0
        /// Counts changes of `readers`, so that an idle timer sees whether it is still meant.
        var generation = 0
    }

    private struct Starting {
        /// Nil comes out where the blob turns out to be stored.
        let fetch: EventLoopFuture<BlobFetch?>
        /// The largest blob that it takes.
        let limit: Int
    }

    private struct State {
        var active: [BlobID: Active] = [:]
        var starting: [BlobID: Starting] = [:]
        /// Fetches that ended and still write down what they have.
        var closing: [BlobID: BlobFetch] = [:]
        /// How the last fetches ended, newest last.
        var ended: [(id: BlobID, progress: FetchProgress)] = []
        var isShutDown = false
    }

    private let environment: ExchangeEnvironment
    private let serving: BlobServing
    private let onStored: @Sendable (BlobID) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - store: Where fetched blobs go and served ones come from; must outlive the fetches, see ``close()``.
    ///   - finder: Whom to ask for a blob.
    ///   - meter: Who gets blocks, and for what.
    ///   - payer: Pays peers that want to be paid.
    ///   - onStored: Called after each fetch that stored a whole blob.
    ///   - onReport: Called when a provider sent something wrong; it is banned already. Both are called on event loops and
    ///     must be quick.
    public init(
        store: BlobStore, peers: PeerNetwork, finder: any ProviderFinder, meter: any DeliveryMeter = FreeDelivery(),
        payer: any DeliveryPayer = NoPayment(), settings: ExchangeSettings = .init(), group: any EventLoopGroup,
        logger: Logger,
        onStored: @escaping @Sendable (BlobID) -> Void = { _ in },
        onReport: @escaping @Sendable (ProviderReport) -> Void = { _ in }
    ) {
        environment = ExchangeEnvironment(
            store: store, peers: peers, finder: finder, meter: meter, payer: payer, settings: settings, group: group,
            logger: logger, onReport: onReport)
        serving = BlobServing(environment)
        self.onStored = onStored
    }

    /// As above; every node of `directory` is asked for every blob.
    public convenience init(
        store: BlobStore, peers: PeerNetwork, directory: any PeerDirectory, meter: any DeliveryMeter = FreeDelivery(),
        payer: any DeliveryPayer = NoPayment(), settings: ExchangeSettings = .init(), group: any EventLoopGroup,
        logger: Logger
    ) {
        self.init(
            store: store, peers: peers, finder: DirectoryFinder(directory), meter: meter, payer: payer,
            settings: settings, group: group, logger: logger)
    }

    /// What was exchanged with each peer since the start, those that gave most first.
    public var accounts: [PeerAccount] { environment.accounts.snapshot }

    /// How far the fetch of a blob is, or how it ended if it is one of the last ``rememberedFetches``; nil for others.
    public func progress(of id: BlobID) -> FetchProgress? {
        let (fetch, ended) = state.withLock { state in
            (state.active[id]?.fetch ?? state.closing[id], state.ended.last { $0.id == id }?.progress)
        }
        return fetch?.progress ?? ended
    }

    /// Ended fetches whose ``progress(of:)`` can still be asked for.
    public static let rememberedFetches = 64

    // MARK: Reading

    /// Opens a blob: from the store, else from the peers that have it.
    ///
    /// When this returns, the size is authenticated and the blob can be read while it is still being fetched. Readers of a
    /// kept blob share one fetch; one that is not kept is fetched for this reader alone, until the handle goes.
    ///
    /// - Parameter limit: The size of the largest blob that the reader takes. Of a larger one nothing is fetched, and no
    ///   room is made for it.
    /// - Throws: ``ExchangeError`` if no peer has it or it is too large, ``BlobStoreError`` if the store refuses it.
    public func open(_ id: BlobID, keeping: Keeping = .inStore, limit: Int = .max) async throws -> BlobHandle {
        // Neither evicted nor collected while somebody reads it.
        let hold = environment.store.hold(id)
        while true {
            if let stored = try environment.store.stat(id) {
                try Exchange.check(stored.byteCount, of: id, limit: limit)
                return BlobHandle(id: id, byteCount: stored.byteCount, source: .stored(environment.store)) {
                    hold.release()
                }
            }
            let handle: BlobHandle?
            switch keeping {
            case .inStore: handle = try await openShared(id, hold, limit: limit)
            case .nowhere: handle = try await openStream(id, limit: limit)
            case .ifRoom:
                do {
                    handle = try await openShared(id, hold, limit: limit)
                } catch let error as BlobStoreError where error.isNoRoom {
                    handle = try await openStream(id, limit: limit)
                }
            }
            if let handle { return handle }
        }
    }

    private static func check(_ byteCount: Int, of id: BlobID, limit: Int) throws {
        guard byteCount <= limit else {
            throw ExchangeError(.tooLarge, "The blob \(id) has \(byteCount) bytes, the limit here is \(limit)")
        }
    }

    /// Nil if the blob is to be looked for again: it is stored by now, or who began the fetch took less than this reader.
    private func openShared(_ id: BlobID, _ hold: BlobHold, limit: Int) async throws -> BlobHandle? {
        let starting = self.fetch(id, limit: limit)
        let found: BlobFetch?
        do {
            found = try await starting.fetch.get()
        } catch let error as ExchangeError where error.code == .tooLarge && starting.limit < limit {
            return nil
        }
        guard let fetch = found else { return nil }
        try Exchange.check(fetch.byteCount, of: id, limit: limit)
        let isCounted = state.withLock { state -> Bool in
            guard state.active[id]?.fetch === fetch else { return false }
            state.active[id]?.readers += 1
            state.active[id]?.generation += 1
            return true
        }
        let reader = fetch.join()
        return BlobHandle(id: id, byteCount: fetch.byteCount, source: .fetch(fetch, reader: reader)) { [weak self] in
            hold.release()
            fetch.leave(reader)
            if isCounted { self?.leave(id, fetch) }
        }
    }

    private func openStream(_ id: BlobID, limit: Int) async throws -> BlobHandle? {
        if state.withLock(\.isShutDown) { throw Exchange.shuttingDown }
        let ready = environment.group.next().makePromise(of: BlobFetch?.self)
        begin(id, keeping: .nowhere, limit: limit, ready)
        guard let fetch = try await ready.futureResult.get() else { return nil }
        return BlobHandle(id: id, byteCount: fetch.byteCount, source: .fetch(fetch, reader: fetch.join())) {
            fetch.cancel()
        }
    }

    /// Fetches a whole blob into the store. When this returns, the blob is durable here. Cancelling the task does not
    /// end the fetch: others may read it.
    ///
    /// - Parameter limit: As of ``open(_:keeping:limit:)``.
    /// - Throws: ``ExchangeError`` if no peer has it or it is too large, ``BlobStoreError`` if the store refuses it.
    public func fetchWhole(_ id: BlobID, limit: Int = .max) async throws {
        let handle = try await open(id, limit: limit)
        guard case .fetch(let fetch, let reader) = handle.source else { return }
        fetch.demandAll(reader: reader, from: environment.peers.node)
        try await fetch.finished(on: environment.group.next()).get()
        withExtendedLifetime(handle) {}
    }

    /// All bytes of a blob. One that is not here is fetched into the store, or, where that has no room, into memory alone.
    /// One that is too large is not fetched: who names it may want the disks of all who read it.
    ///
    /// - Throws: As ``open(_:keeping:limit:)``; `blob/too-large` when the blob has more than `limit` bytes.
    public func readAll(_ id: BlobID, limit: Int) async throws -> ByteBuffer {
        do {
            try await fetchWhole(id, limit: limit)
            return try await environment.store.readAll(id, limit: limit)
        } catch let error as BlobStoreError where error.isNoRoom {
            let handle = try await open(id, keeping: .nowhere, limit: limit)
            let loop = environment.group.next()
            var bytes = ByteBuffer()
            for index in 0..<handle.blockCount {
                bytes.writeImmutableBuffer(try await handle.block(index, on: loop).get())
            }
            return bytes
        }
    }

    /// The running fetch of `id`, or a new one; nil if the blob is stored by now.
    private func fetch(_ id: BlobID, limit: Int) -> Starting {
        let loop = environment.group.next()
        enum Step {
            case use(BlobFetch)
            case wait(Starting)
            case start(EventLoopPromise<BlobFetch?>, after: EventLoopFuture<Void>?)
            case refuse
        }
        let step = state.withLock { state -> Step in
            if state.isShutDown { return .refuse }
            // One that has ended may not have left the list yet. What it stored may be gone again.
            if let active = state.active[id], !active.fetch.hasEnded { return .use(active.fetch) }
            if let starting = state.starting[id] { return .wait(starting) }
            let promise = loop.makePromise(of: BlobFetch?.self)
            state.starting[id] = Starting(fetch: promise.futureResult, limit: limit)
            return .start(promise, after: (state.active[id]?.fetch ?? state.closing[id])?.closed)
        }
        switch step {
        case .use(let fetch): return Starting(fetch: loop.makeSucceededFuture(fetch), limit: limit)
        case .wait(let starting): return starting
        case .refuse: return Starting(fetch: loop.makeFailedFuture(Exchange.shuttingDown), limit: limit)
        case .start(let promise, let earlier):
            promise.futureResult.whenComplete { self.adopt(id, $0, on: loop) }
            if let earlier {
                earlier.whenComplete { _ in self.begin(id, keeping: .inStore, limit: limit, promise) }
            } else {
                begin(id, keeping: .inStore, limit: limit, promise)
            }
            return Starting(fetch: promise.futureResult, limit: limit)
        }
    }

    private func begin(_ id: BlobID, keeping: Keeping, limit: Int, _ promise: EventLoopPromise<BlobFetch?>) {
        environment.group.next().makeFutureWithTask { [environment] in
            var opening = FetchOpening(
                id: id, keeping: keeping, limit: limit, environment: environment, ready: promise)
            await opening.run()
        }.whenFailure { promise.fail($0) }
    }

    private static var shuttingDown: ExchangeError { ExchangeError(.cancelled, "This node is shutting down") }

    /// Keeps a fetch that has begun until it ends.
    private func adopt(_ id: BlobID, _ result: Result<BlobFetch?, any Error>, on loop: any EventLoop) {
        let isShutDown = state.withLock { state in
            state.starting[id] = nil
            if case .success(let fetch?) = result {
                if state.isShutDown { state.closing[id] = fetch } else { state.active[id] = Active(fetch: fetch) }
            }
            return state.isShutDown
        }
        guard case .success(let fetch?) = result else { return }
        fetch.finished(on: loop).whenComplete { result in
            let progress = fetch.progress
            self.state.withLock { state in
                guard state.active[id]?.fetch === fetch else { return }
                state.active[id] = nil
                state.closing[id] = fetch
                state.ended.append((id, progress))
                if state.ended.count > Exchange.rememberedFetches { state.ended.removeFirst() }
            }
            // Only now: what closed before it was listed would stay on the list.
            fetch.closed.whenComplete { _ in
                self.state.withLock { state in
                    if state.closing[id] === fetch { state.closing[id] = nil }
                }
            }
            if case .success = result { self.onStored(id) }
        }
        if isShutDown { return fetch.cancel() }
        armIdleTimer(id, fetch)
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
        let generation = state.withLock { $0.active[id]?.fetch === fetch ? $0.active[id]?.generation : nil }
        guard let generation else { return }
        environment.group.next().scheduleTask(in: environment.settings.idleTimeout) { [weak self] in
            let isIdle = self?.state.withLock { state in
                guard let active = state.active[id], active.fetch === fetch, active.readers == 0,
                    active.generation == generation
                else { return false }
                // Whoever opens the blob from now on gets a new fetch.
                state.active[id] = nil
                state.closing[id] = fetch
                return true
            }
            if isIdle == true { fetch.cancel() }
        }
    }

    /// Ends all fetches; their readers fail with `blob/cancelled`, and so do further ones. What was fetched of unfinished
    /// blobs is being written down when this returns: see ``close()``.
    public func shutdown() {
        let fetches = state.withLock { state in
            state.isShutDown = true
            defer {
                for (id, active) in state.active { state.closing[id] = active.fetch }
                state.active.removeAll()
            }
            return state.active.values.map(\.fetch)
        }
        for fetch in fetches { fetch.cancel() }
    }

    /// As ``shutdown()``; when this returns, what was fetched of unfinished blobs is durable and the store may be closed.
    public func close() async {
        shutdown()
        while let (id, fetch) = state.withLock({ $0.closing.first }) {
            // Closing never fails, and a fetch that closed leaves the list, if it was not adopted late.
            try? await fetch.closed.get()
            state.withLock { state in
                if state.closing[id] === fetch { state.closing[id] = nil }
            }
        }
    }

    // MARK: Serving

    /// Answers a peer's request about blobs; nil if the request is about something else.
    public func serve(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply>? {
        serving.serve(request, on: eventLoop) { id in
            self.state.withLock { $0.active[id]?.fetch }?.noteInterest(of: request.peer)
        }
    }
}
