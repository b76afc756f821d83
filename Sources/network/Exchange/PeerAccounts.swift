import Identity
import Synchronization

/// The accounts of all peers, at most ``maxPeers``: a further one takes the place of the one used longest ago.
final class PeerAccounts: Sendable {
    static let maxPeers = 4_096

    private struct Entry {
        var account: PeerAccount
        var lastUse: UInt64
    }

    private struct State {
        var entries: [NodeID: Entry] = [:]
        var uses: UInt64 = 0
    }

    private let state = Mutex(State())

    /// All accounts, those with the most received bytes first.
    var snapshot: [PeerAccount] {
        state.withLock { $0.entries.values.map(\.account) }.sorted { left, right in
            (right.bytesReceived, left.node) < (left.bytesReceived, right.node)
        }
    }

    /// Changes the account of `node`; it begins empty.
    func update(_ node: NodeID, _ change: (inout PeerAccount) -> Void) {
        state.withLock { state in
            state.uses += 1
            if state.entries[node] == nil, state.entries.count >= PeerAccounts.maxPeers,
                let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                state.entries[oldest.key] = nil
            }
            let uses = state.uses
            var entry =
                state.entries.removeValue(forKey: node) ?? Entry(account: PeerAccount(node: node), lastUse: uses)
            entry.lastUse = uses
            change(&entry.account)
            state.entries[node] = entry
        }
    }
}
