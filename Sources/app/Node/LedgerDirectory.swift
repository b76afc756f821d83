import Identity
import Ledger
import LedgerLog
import Peering

/// The ledger as the peer connections see it: nodes that take part are somebody for everything, and those that the ledger
/// still needs may connect.
struct LedgerDirectory: PeerDirectory {
    let keeper: LedgerKeeper

    func isParticipating(_ key: PublicKey) -> Bool {
        let state = keeper.state
        if let record = state.node(key.node) {
            return record.publicKey == key && LedgerDirectory.mayConnect(key.node, state)
        }
        return LedgerDirectory.isPayer(key, state)
    }

    /// Whether the key's account has a channel open, so that it may fetch and pay: ``NodePeerService`` answers it nothing
    /// else.
    static func isPayer(_ key: PublicKey, _ state: LedgerState) -> Bool {
        state.account(key.account).map { $0.channelCount > 0 } ?? false
    }

    func publicKey(of node: NodeID) -> PublicKey? {
        let state = keeper.state
        return state.isParticipating(node) ? state.node(node)?.publicKey : nil
    }

    func endpoint(of node: NodeID) -> PeerEndpoint? {
        let state = keeper.state
        guard LedgerDirectory.mayConnect(node, state) else { return nil }
        return state.node(node).map { PeerEndpoint(host: $0.peer.host, port: Int($0.peer.port)) }
    }

    var nodes: [NodeID] { keeper.state.participants.map(\.id) }

    /// Payers are. An account with a channel costs next to nothing.
    func isGuest(_ peer: NodeID) -> Bool { keeper.state.node(peer) == nil }

    /// Whether other nodes speak with `node` at all. Whoever left is needed until it has handed over the values that it
    /// kept, and until the committee has handed over, since that handover itself may lack its vote; and whoever may order
    /// is needed wherever it does.
    static func mayConnect(_ node: NodeID, _ state: LedgerState) -> Bool {
        let epoch = state.epoch
        return state.isParticipating(node) || isLeaving(node, state) || epoch.committee.index(of: node) != nil
            || epoch.pendingCommittee?.index(of: node) != nil || state.genesis.sequencers.contains(node)
    }

    /// Whether `node` left by itself, no more epochs ago than stakes are locked for.
    static func isLeaving(_ node: NodeID, _ state: LedgerState) -> Bool {
        guard let record = state.node(node), case .left(let epoch) = record.participation else { return false }
        let (age, isAhead) = state.epoch.number.subtractingReportingOverflow(epoch)
        return record.barredUntilEpoch <= epoch && !isAhead && age <= UInt64(state.parameters.unstakeLockEpochs)
    }
}
