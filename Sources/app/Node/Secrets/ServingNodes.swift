import Identity
import Ledger
import Placement

/// Who serves an app, and so may hold its secrets: the one rule for whoever seals, hands over and asks.
enum ServingNodes {
    /// The app's replicas, in order of preference.
    static func of(_ app: AppName, _ state: LedgerState) -> [NodeID] {
        Rendezvous.replicas(
            state.participants.map(\.id), for: app.description, count: Int(state.parameters.replicas))
    }
}
