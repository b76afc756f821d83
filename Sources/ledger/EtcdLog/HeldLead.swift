import LedgerLog
import Synchronization

/// The lead of this node as its two users see it: ``EtcdLeadership`` keeps it, ``EtcdLedgerLog`` appends under it.
final class HeldLead: Sendable {
    private struct State {
        var core = LeadCore()
        var told = Standing.vacant
        var nextID: UInt64 = 0
        var listeners: [UInt64: AsyncStream<Standing>.Continuation] = [:]
    }

    private let state = Mutex(State())

    var standing: Standing { state.withLock { $0.core.standing(at: .now) } }

    /// The lead that this node may still hold.
    var lead: LeadCore.Lead? { state.withLock { $0.core.lead } }

    /// The revision at which this node's lead was created; nil if it does not lead for sure.
    var term: Int64? {
        guard case .leading(let term) = standing else { return nil }
        return Int64(exactly: term)
    }

    /// Changes what is known and tells the listeners if the standing is another now.
    func update(_ change: (inout LeadCore) -> Void) {
        state.withLock { state in
            change(&state.core)
            let standing = state.core.standing(at: .now)
            guard standing != state.told else { return }
            state.told = standing
            // Within the lock, so that nobody hears an older standing last.
            for listener in state.listeners.values { listener.yield(standing) }
        }
    }

    func changes() -> AsyncStream<Standing> {
        let (stream, continuation) = AsyncStream.makeStream(of: Standing.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.nextID &+= 1
            state.listeners[state.nextID] = continuation
            continuation.yield(state.core.standing(at: .now))
            return state.nextID
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.listeners.removeValue(forKey: id) }
        }
        return stream
    }
}
