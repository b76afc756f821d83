extension LedgerState {
    /// Channels that one ``channelsPastEnd(at:limit:after:)`` looks at: about a millisecond.
    public static let maxScannedChannels = 10_000

    /// Channels that pay nothing more at a ledger time, so that anybody may close them and the payer gets the rest.
    ///
    /// The table is ordered by hashes and not by time, and an order by time would have to move with the grace and with
    /// each payer's closing. So this looks at a bounded number of channels and says where the next call goes on;
    /// somebody who has time walks through all of them bit by bit. Equal states give equal answers.
    ///
    /// - Parameters:
    ///   - limit: Channels in the answer at most; at least 1.
    ///   - cursor: What the last answer said; nil begins with the first channel.
    public func channelsPastEnd(
        at timeMilliseconds: Int64, limit: Int, after cursor: EndedChannels.Cursor? = nil
    ) -> EndedChannels {
        let grace = parameters.channelGraceMilliseconds
        var found = EndedChannels()
        var scanned = 0
        let isOver = channelTable.walk(after: cursor?.path) { path, channel in
            guard found.channels.count < max(1, limit), scanned < LedgerState.maxScannedChannels else { return false }
            scanned += 1
            found.next = EndedChannels.Cursor(path: path)
            if timeMilliseconds > channel.endMilliseconds(grace: grace) { found.channels.append(channel.id) }
            return true
        }
        if isOver { found.next = nil }
        return found
    }
}
