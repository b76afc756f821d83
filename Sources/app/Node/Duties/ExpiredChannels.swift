import Ledger

/// Channels past their end, which their payers and payees left open: their deposits and anchors would stay on the ledger
/// for ever.
enum ExpiredChannels {
    /// The first ones in the table's order, ``DutyPlan/maxExpiries`` at most. A walk over all channels, on another thread
    /// than the caller's.
    @concurrent static func find(in state: LedgerState, at timeMilliseconds: Int64) async -> [ChannelID] {
        var ended: [ChannelID] = []
        var cursor: EndedChannels.Cursor?
        repeat {
            let found = state.channelsPastEnd(
                at: timeMilliseconds, limit: DutyPlan.maxExpiries - ended.count, after: cursor)
            ended += found.channels
            cursor = found.next
        } while cursor != nil && ended.count < DutyPlan.maxExpiries && !Task.isCancelled
        return ended
    }
}
