import Identity
import Ledger
import LedgerLog
import Placement
import Synchronization

/// Which nodes run an app's calls; asked for with each one.
final class CallPlacement: Sendable {
    private struct Cache {
        var sequence: UInt64?
        var participants: [NodeID] = []
        var replicas = 0
        var nodes: [String: [NodeID]] = [:]
    }

    private let keeper: LedgerKeeper
    private let cache = Mutex(Cache())

    init(keeper: LedgerKeeper) { self.keeper = keeper }

    /// The nodes that hold the app's release and secrets, in order of preference: ``ServingNodes``, kept until the ledger
    /// changes.
    func nodes(of app: String) -> [NodeID] {
        // The state is many references, to copy them for each call would cost more than all else here.
        let sequence = keeper.sequence
        return cache.withLock { cache in
            if cache.sequence != sequence {
                let state = keeper.state
                cache.sequence = state.sequence
                cache.participants = state.participants.map(\.id)
                cache.replicas = Int(state.parameters.replicas)
                cache.nodes = [:]
            }
            if let known = cache.nodes[app] { return known }
            let nodes = Rendezvous.replicas(cache.participants, for: app, count: cache.replicas)
            cache.nodes[app] = nodes
            return nodes
        }
    }
}
