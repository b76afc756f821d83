import LedgerLog
import Synchronization

/// The lead of this node as its two users see it: ``EtcdLeadership`` keeps it, ``EtcdLedgerLog`` appends under it.
final class HeldLead: Sendable {
    private struct State {
        var core = LeadCore()
        var told = Standing.vacant
    }

    private let state = Mutex(State())
    private let news = Broadcast(first: Standing.vacant)

    var standing: Standing { state.withLock { $0.core.standing(at: .now) } }

    /// The lead that this node may still hold.
    var lead: LeadCore.Lead? { state.withLock { $0.core.lead } }

    /// The revision at which this node's lead was created; nil if it does not lead for sure.
    var term: Int64? {
        guard case .leading(let term) = standing else { return nil }
        return Int64(exactly: term)
    }

    /// Changes what is known and tells the listeners if the standing is another now; nobody hears an older one last.
    func update(_ change: (inout LeadCore) -> Void) {
        news.send {
            state.withLock { state in
                change(&state.core)
                let standing = state.core.standing(at: .now)
                guard standing != state.told else { return nil }
                state.told = standing
                return standing
            }
        }
    }

    func changes() -> AsyncStream<Standing> { news.stream() }
}
