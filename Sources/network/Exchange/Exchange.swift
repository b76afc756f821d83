public import BlobStore
public import Identity
public import Logging
public import NIOCore
public import Peering
import Synchronization

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
        var isShutDown = false
    }

    private let environment: ExchangeEnvironment
    private let state = Mutex(State())

    /// - Parameters:
    ///   - store: Where fetched blobs go and served ones come from; must outlive the fetches, see ``shutdown()``.
    ///   - directory: Whom to ask.
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

    /// Fetches a whole blob into the store. When this returns, the blob is durable here. Cancelling the task does not
    /// end the fetch: others may read it.
    ///
    /// - Throws: ``ExchangeError`` if no peer has it, ``BlobStoreError`` if the store refuses it.
    public func fetchWhole(_ id: BlobID) async throws {
        let handle = try await open(id)
        guard case .fetch(let fetch) = handle.source else { return }
        handle.demand(0..<handle.byteCount)
        try await fetch.finished(on: environment.group.next()).get()
        withExtendedLifetime(handle) {}
    }

    /// The running fetch of `id`, or a new one.
    private func fetch(_ id: BlobID) -> EventLoopFuture<BlobFetch> {
        let loop = environment.group.next()
        enum Step {
            case use(BlobFetch)
            case wait(EventLoopFuture<BlobFetch>)
            case start(EventLoopPromise<BlobFetch>)
            case refuse
        }
        let step = state.withLock { state -> Step in
            if state.isShutDown { return .refuse }
            if let active = state.active[id], !active.fetch.hasFailed { return .use(active.fetch) }
            if let starting = state.starting[id] { return .wait(starting) }
            let promise = loop.makePromise(of: BlobFetch.self)
            state.starting[id] = promise.futureResult
            return .start(promise)
        }
        switch step {
        case .use(let fetch): return loop.makeSucceededFuture(fetch)
        case .wait(let future): return future
        case .refuse: return loop.makeFailedFuture(ExchangeError(.cancelled, "This node is shutting down"))
        case .start(let promise):
            promise.futureResult.whenComplete { self.adopt(id, $0, on: loop) }
            loop.makeFutureWithTask { [environment] in
                var opening = FetchOpening(id: id, environment: environment, ready: promise)
                await opening.run()
            }.whenFailure { promise.fail($0) }
            return promise.futureResult
        }
    }

    /// Keeps a fetch that has begun until it ends.
    private func adopt(_ id: BlobID, _ result: Result<BlobFetch, any Error>, on loop: any EventLoop) {
        let isShutDown = state.withLock { state in
            state.starting[id] = nil
            if case .success(let fetch) = result, !state.isShutDown { state.active[id] = Active(fetch: fetch) }
            return state.isShutDown
        }
        guard case .success(let fetch) = result else { return }
        if isShutDown { return fetch.cancel() }
        fetch.finished(on: loop).whenComplete { _ in
            self.state.withLock { state in
                if state.active[id]?.fetch === fetch { state.active[id] = nil }
            }
        }
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
                return true
            }
            if isIdle == true { fetch.cancel() }
        }
    }

    /// Ends all fetches; their readers fail with `blob/cancelled`, and so do further ones. Unfinished blobs leave
    /// nothing in the store.
    public func shutdown() {
        let fetches = state.withLock { state in
            state.isShutDown = true
            defer { state.active.removeAll() }
            return state.active.values.map(\.fetch)
        }
        for fetch in fetches { fetch.cancel() }
    }

    // MARK: Serving

    /// Answers a peer's request about blobs; nil if the request is about something else.
    public func serve(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply>? {
        BlobServing(store: environment.store, servedBytes: environment.metrics.servedBytes)
            .serve(request, on: eventLoop)
    }
}
