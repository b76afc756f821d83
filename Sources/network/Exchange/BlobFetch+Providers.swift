import BlobStore
import CoreMetrics
import Identity
import Logging
import NIOCore
import Peering
import Synchronization

/// Finding and losing providers.
extension BlobFetch {
    /// Asks `found` too, unless it was dropped or there are enough; or learns what it holds by now.
    @discardableResult
    func add(_ found: FoundProvider) -> Source? {
        let node = found.connection.peer
        guard found.claim.byteCount == byteCount, !environment.isBanned(node) else { return nil }
        let held = found.claim.held
        let now = environment.now
        return update { state in
            guard !state.isOver,
                let source = state.plan.add(node, held: held, roundTrip: found.roundTrip, at: now)
            else { return nil }
            state.search.onJoin(node)
            if state.links[source]?.connection !== found.connection {
                state.links[source] = Link(
                    connection: found.connection, receivedBytes: found.connection.receivedBytes)
            }
            return source
        }
    }

    /// Begins with the provider that proved the blob and with the block that it sent for that.
    func begin(_ found: FoundProvider, _ index: Int, _ bytes: ByteBuffer) {
        guard let source = add(found) else { return }
        let now = environment.now
        state.withLock { $0.plan.hold(index, from: source, at: now) }
        take(index, bytes, source, found.connection)
    }

    /// Stops asking a provider that failed; what it owes is asked of the others.
    func drop(_ source: Source, reason: String) {
        let now = environment.now
        if update({ !$0.isOver && $0.plan.onFailure(of: source, .unavailable, at: now) }) {
            noteLoss(of: source.node, reason: reason)
        }
    }

    func noteLoss(of node: NodeID, reason: String) {
        environment.accounts.update(node) { $0.failures += 1 }
        environment.logger.debug(
            "lost a provider", metadata: ["peer": "\(node.short)", "blob": "\(id)", "reason": "\(reason)"])
    }

    /// A peer asked for this blob: it fetches it too and may soon give what it has.
    func noteInterest(of node: NodeID) { state.withLock { $0.search.onInterest(node) } }

    // MARK: Time

    func scheduleTick() {
        let pause = environment.planTick
        loop.scheduleTask(in: pause) { [weak self] in self?.tick() }
    }

    private enum Next {
        case stop
        case giveUp(any Error)
        case goOn(searches: Bool, refreshes: [NodeID])
    }

    private func tick() {
        let now = environment.now
        let next = update { state in
            reportProgress(&state)
            return nextStep(&state, at: now)
        }
        switch next {
        case .stop: return
        case .giveUp(let error): return end(.failure(error))
        case .goOn(let searches, let nodes):
            if searches { search() }
            for node in nodes { refresh(node) }
            scheduleTick()
        }
    }

    private func reportProgress(_ state: inout State) {
        for source in state.plan.sources {
            guard let link = state.links[source] else { continue }
            let received = link.connection.receivedBytes
            state.plan.onProgress(of: source, byteCount: received - link.receivedBytes)
            state.links[source]?.receivedBytes = received
        }
    }

    private func nextStep(_ state: inout State, at now: Duration) -> Next {
        let isStuck = state.plan.isStuck
        guard !state.isOver, isStuck || state.plan.needsTick else {
            state.isTicking = false
            return .stop
        }
        let live = Set(state.plan.sources)
        state.links = state.links.filter { live.contains($0.key) }
        let isHopeless = live.isEmpty && state.plan.bannedCount > 0 && !state.plan.hasLost
        if isStuck, state.search.isOver(isHopeless: isHopeless, at: now) {
            return .giveUp(exhausted(state.plan.bannedCount, hasLost: state.plan.hasLost))
        }
        if isStuck, live.isEmpty { state.plan.forgive() }
        let searches = state.search.begin(isStuck: isStuck, at: now)
        return .goOn(
            searches: searches, refreshes: state.search.refresh(state.plan.partialSources.map(\.node), at: now))
    }

    /// One round of asking for further providers.
    func search() {
        loop.makeFutureWithTask {
            for await case .success(let found) in self.environment.locate(self.id) { self.add(found) }
        }.whenComplete { _ in self.update { $0.search.onEnd() } }
    }

    /// Asks a peer what it holds by now.
    private func refresh(_ node: NodeID) {
        environment.stat(id, at: node).whenSuccess { found in
            if let found { self.add(found) }
        }
    }

    private func exhausted(_ banned: Int, hasLost: Bool) -> ExchangeError {
        banned > 0 && !hasLost
            ? ExchangeError(.corrupt, "\(banned) nodes sent damaged blocks of \(id) and no other has it")
            : ExchangeError(
                .unavailable, "No node that can be reached has the missing blocks of \(id); try again when one is back")
    }
}
