import CoreMetrics
import Identity
import Logging
import NIOCore
import Peering
import Synchronization

/// Finding and losing providers.
extension BlobFetch {
    /// Starts asking over `connection`, unless that provider was dropped or there are enough.
    func add(_ connection: PeerConnection) {
        guard let source = join(connection) else { return }
        pump(source, connection)
    }

    /// Begins with the provider that proved the blob and with the block that it sent for that.
    func begin(_ connection: PeerConnection, _ index: Int, _ bytes: ByteBuffer) {
        guard let source = join(connection) else { return }
        state.withLock { $0.plan.hold(index, from: source) }
        install(index, bytes, source, connection)
    }

    private func join(_ connection: PeerConnection) -> Source? {
        guard let source = state.withLock({ $0.isOver ? nil : $0.plan.add(connection.peer) }) else { return nil }
        environment.logger.trace("fetching", metadata: ["blob": "\(id)", "peer": "\(connection.peer.short)"])
        return source
    }

    func pumpAll(_ sources: [Source]) {
        if sources.isEmpty { return search() }
        for source in sources {
            environment.peers.connection(to: source.node, on: environment.group.next()).whenComplete { result in
                switch result {
                case .success(let connection): self.pump(source, connection)
                case .failure(let error): self.drop(source, .unavailable, reason: "\(error)")
                }
            }
        }
    }

    /// Stops asking a provider; what it owes is asked of the others.
    func drop(_ source: Source, _ failure: FetchPlan.Failure, reason: String) {
        let (wasUsed, others) = state.withLock { state in
            let wasUsed = state.plan.onFailure(of: source, failure)
            return (wasUsed && !state.isOver, state.plan.sources)
        }
        if failure == .corrupt {
            environment.metrics.corruptBlocks.increment()
            environment.logger.warning(
                "a peer does not send what it claims to have; its blocks are asked of others",
                metadata: ["peer": "\(source.node)", "blob": "\(id)", "reason": "\(reason)"])
        }
        guard wasUsed else { return }
        environment.logger.debug(
            "lost a provider", metadata: ["peer": "\(source.node.short)", "blob": "\(id)", "reason": "\(reason)"])
        pumpAll(others)
    }

    /// Looks for providers again after all were lost.
    private func search() {
        let starts = state.withLock { state in
            guard !state.isOver, !state.isSearching, state.plan.sources.isEmpty else { return false }
            state.isSearching = true
            if state.lostSince == nil { state.lostSince = .now() }
            return true
        }
        guard starts else { return }
        environment.group.next().makeFutureWithTask { try await self.searchRounds() }.whenFailure { error in
            self.end(.failure(error))
        }
    }

    private enum Round {
        case over
        case look(after: TimeAmount)
        case giveUp(any Error)
    }

    private func searchRounds() async throws {
        var isFirst = true
        while true {
            switch nextRound(isFirst: isFirst) {
            case .over: return
            case .giveUp(let error): throw error
            case .look(let pause):
                isFirst = false
                if pause > .zero { try await Task.sleep(for: .nanoseconds(pause.nanoseconds)) }
                for await (connection, size) in environment.locate(id) where size == byteCount { add(connection) }
            }
        }
    }

    /// Looking at what is left and ending the search are one step: otherwise a provider that is lost in between would
    /// be missed by everybody.
    private func nextRound(isFirst: Bool) -> Round {
        let settings = environment.settings
        return state.withLock { state in
            if state.isOver || !state.plan.sources.isEmpty {
                state.isSearching = false
                return .over
            }
            let now = NIODeadline.now()
            let isTooLate = state.lostSince.map { now >= $0 + settings.searchTimeout } ?? false
            // Whoever lies goes on lying: there is nobody to wait for.
            let onlyLiars = !isFirst && state.plan.bannedCount > 0 && !state.plan.hasLost
            if isTooLate || onlyLiars { return .giveUp(exhausted(state.plan.bannedCount)) }
            state.plan.forgive()
            let pause = max(.zero, state.nextSearch - now)
            state.nextSearch = now + pause + settings.searchInterval
            return .look(after: pause)
        }
    }

    private func exhausted(_ banned: Int) -> ExchangeError {
        banned > 0
            ? ExchangeError(.corrupt, "\(banned) nodes sent damaged blocks of \(id) and no other has it")
            : ExchangeError(.unavailable, "All nodes that had \(id) were lost; try again when one is back")
    }
}
