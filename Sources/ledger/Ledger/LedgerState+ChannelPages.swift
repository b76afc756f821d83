public import Identity

extension LedgerState {
    /// Open channels of a payer or a payee, bit by bit: the table is ordered by hashes, so each call looks at a bounded
    /// number of rows and says where the next one goes on.
    ///
    /// - Parameters:
    ///   - payer: Only this account's; nil for everybody's.
    ///   - payee: Only this node's; nil for everybody's.
    ///   - limit: Channels in the answer at most; at least 1.
    ///   - after: What the last answer said; nil begins with the first channel.
    public func channels(
        payer: AccountID? = nil, payee: NodeID? = nil, limit: Int, after: ChannelID? = nil
    ) -> (channels: [ChannelRecord], next: ChannelID?) {
        var found: [ChannelRecord] = []
        var last: ChannelID?
        var scanned = 0
        let isOver = channelTable.walk(after: after.map(ChannelRecord.path)) { _, channel in
            guard found.count < max(1, limit), scanned < LedgerState.maxScannedChannels else { return false }
            scanned += 1
            last = channel.id
            if payer.map({ $0 == channel.payer }) ?? true, payee.map({ $0 == channel.payee }) ?? true {
                found.append(channel)
            }
            return true
        }
        return (found, isOver ? nil : last)
    }
}
