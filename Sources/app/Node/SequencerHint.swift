import Identity
import Synchronization

/// Who orders transactions, as peers say. For a node that does not see the election itself.
final class SequencerHint: Sendable {
    /// How long a node is not believed to be it after it failed: peers go on naming a dead one until they notice.
    static let avoidance = Duration.seconds(3)

    private struct State {
        var named: NodeID?
        var avoided: NodeID?
        var avoidedUntil = ContinuousClock.now
    }

    private let state = Mutex(State())

    /// Whom a peer named last; nil if nobody did or that node failed since.
    var node: NodeID? { state.withLock { $0.named } }

    /// A peer named `node`.
    func named(_ node: NodeID, now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            if state.avoided == node, now < state.avoidedUntil { return }
            state.named = node
        }
    }

    /// `node` did not answer, or said that it is not the one.
    func failed(_ node: NodeID, now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            if state.named == node { state.named = nil }
            state.avoided = node
            state.avoidedUntil = now + SequencerHint.avoidance
        }
    }
}
