import Identity
import Ledger

extension DutyView {
    /// What decides the duties of `node` in this state.
    ///
    /// - Parameter expired: Channels that anybody may close; those that are closed meanwhile are passed over.
    init(_ state: LedgerState, _ node: NodeID, now: Int64, expired: [ChannelID] = []) {
        let epoch = state.epoch
        self.init(
            epoch: epoch.number, round: epoch.round, roundStart: epoch.roundStartMilliseconds,
            epochLength: Int64(clamping: state.epoch.lengthMilliseconds), ledgerTime: state.timeMilliseconds,
            certified: state.certified.sequence)
        isParticipating = state.isParticipating(node)
        isEligible = state.isEligible(node)
        if let share = state.beaconShare(of: node), share.epoch == epoch.number, share.round == epoch.round {
            hasCommitted = true
            hasRevealed = share.reveal != nil
        }
        self.expired = expired.filter { state.channel($0) != nil }
        // A walk over all nodes, and needed only then.
        let isOver = state.beaconPhase(at: max(now, state.timeMilliseconds)) == .due
        participants = isOver || !self.expired.isEmpty ? state.participants.map(\.id) : []
    }
}
